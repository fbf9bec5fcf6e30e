/**
 * Table `idempotency_keys`: a changing request that named a key of its own is done once, and its answer given again for a
 * day. A process that ends in between leaves a row under way; after a while it may be tried again.
 */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { asked } from "../sql/asked.ts";

/** Whose key, which, and of what request. */
export interface KeyedRequest {
  readonly actor: string;
  readonly key: string;
  /** Of method, path, query and body. */
  readonly request_sha256: string;
}

export interface KeptAnswer {
  /** 200 to 499. */
  readonly status: number;
  readonly content_type: string | null;
  readonly body: string;
}

export type Begun =
  | { readonly state: "begun" }
  | { readonly state: "other request" | "under way" }
  | ({ readonly state: "answered" } & KeptAnswer);

/** @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function beginKeyed(sql: Sql, { actor, key, request_sha256 }: KeyedRequest): Promise<Begun> {
  await asked(sql`
    delete from idempotency_keys
    where begun_at < now() - ${LIMITS.idempotency_kept_s} * interval '1 second'
      or status is null and begun_at < now() - ${LIMITS.idempotency_under_way_s} * interval '1 second'`);
  const added = await asked(sql`
    insert into idempotency_keys (actor, key, request_sha256)
    values (${actor}, ${key}, ${request_sha256})
    on conflict do nothing`);
  if (added.count > 0) return { state: "begun" };
  const [row] = await asked(sql<
    { request_sha256: string; status: number | null; content_type: string | null; body: string | null }[]
  >`
    select request_sha256, status, content_type, body
    from idempotency_keys
    where actor = ${actor} and key = ${key}`);
  if (row && row.request_sha256 !== request_sha256) return { state: "other request" };
  // Taken back meanwhile: it may be asked again, by its caller.
  if (!row || row.status === null) return { state: "under way" };
  const { status, content_type, body } = row;
  return { state: "answered", status, content_type, body: body ?? "" };
}

/** @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function keepAnswer(sql: Sql, { actor, key }: KeyedRequest, answer: KeptAnswer): Promise<void> {
  await asked(sql`
    update idempotency_keys
    set status = ${answer.status}, content_type = ${answer.content_type}, body = ${answer.body}
    where actor = ${actor} and key = ${key}`);
}

/** What was not done may be tried again. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function forgetKeyed(sql: Sql, { actor, key }: KeyedRequest): Promise<void> {
  await asked(sql`
    delete from idempotency_keys
    where actor = ${actor} and key = ${key} and status is null`);
}
