/**
 * Table `idempotency_keys`: a changing request that named a key of its own is done once, and its answer given again for a
 * day. The key, what the request changes, the audit of that and the answer are one transaction: a process that ends, or a
 * connection that is cut, in the middle leaves none of them, and whoever asks again with the key has it done once.
 */

import type { Sql } from "postgres";
import { LIMITS } from "../../base/limits.ts";
import { asked } from "../sql/asked.ts";
import { inTransaction } from "../sql/transaction.ts";
import type { Work } from "../sql/work.ts";

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

/** What became of a request: `done` now, for the first time; `answered` before. */
export type Once =
  | { readonly state: "done" | "other request" | "under way" }
  | ({ readonly state: "answered" } & KeptAnswer);

/** What came of doing it. */
export type Outcome =
  /** It answered: what it changed stays. An answer that is too large is not kept. */
  | { readonly stays: true; readonly answer: KeptAnswer | undefined }
  /** It failed: nothing stays, and it may be tried again. */
  | { readonly stays: false };

/** Does what is asked for, with everything it changes in `work`. */
export type Doing = (work: Work) => Promise<Outcome>;

/**
 * Runs `doing` unless the request was done before.
 * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY: nothing was done; where the connection was cut at the very end it may
 * have been, and the same key tells.
 */
export async function doneOnce(sql: Sql, request: KeyedRequest, doing: Doing): Promise<Once> {
  await asked(removeOld(sql));
  const committed: (() => void)[] = [];
  const failed = new Failed();
  const transaction = inTransaction(sql, async (own): Promise<Once> => {
    const before = await begun(own, request);
    if (before) return before;
    const work: Work = {
      sql: own,
      afterCommit: (run) => void committed.push(run),
    };
    const outcome = await doing(work);
    if (!outcome.stays) throw failed;
    if (outcome.answer) await kept(own, request, outcome.answer);
    else await forgotten(own, request);
    return { state: "done" };
  });
  try {
    const once = await asked(transaction);
    for (const run of committed) run();
    return once;
  } catch (error) {
    if ((error as Error).cause === failed) return { state: "done" };
    throw error;
  }
}

/** Rolls back what was done. */
class Failed extends Error {}

/**
 * Which answers are no longer given again? Removed before the transaction and not in it, so that no row is locked for as long as a
 * request takes, and none that is locked is waited for.
 */
const removeOld = (sql: Sql) => sql`
  delete from idempotency_keys
  where (actor, key) in (
    select actor, key
    from idempotency_keys
    where ${isOld(sql, "begun_at")}
    order by begun_at
    limit ${LIMITS.idempotency_removed_max}
    for update skip locked)`;

const isOld = (sql: Sql, column: string) =>
  sql`${sql(column)} < now() - ${LIMITS.idempotency_kept_s} * interval '1 second'`;

/** Undefined where it is this request's turn. */
async function begun(own: Sql, { actor, key, request_sha256 }: KeyedRequest): Promise<Once | undefined> {
  // Held to the end. Whoever comes meanwhile, by whatever process, is told at once and does not wait.
  const [lock] = await own<{ is_ours: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended(${`foretick request ${actor} ${key}`}, 0)) as is_ours`;
  if (!lock!.is_ours) return { state: "under way" };
  const added = await own`
    insert into idempotency_keys (actor, key, request_sha256)
    values (${actor}, ${key}, ${request_sha256})
    on conflict (actor, key) do update
    set request_sha256 = excluded.request_sha256, begun_at = now(), status = null, content_type = null, body = null
    where ${isOld(own, "idempotency_keys.begun_at")}`;
  if (added.count > 0) return undefined;
  const [row] = await own<
    { request_sha256: string; status: number | null; content_type: string | null; body: string | null }[]
  >`
    select request_sha256, status, content_type, body
    from idempotency_keys
    where actor = ${actor} and key = ${key}`;
  if (row && row.request_sha256 !== request_sha256) return { state: "other request" };
  // Of an older version, which wrote the key before it did anything, and ended in between.
  if (!row || row.status === null) return undefined;
  const { status, content_type, body } = row;
  return { state: "answered", status, content_type, body: body ?? "" };
}

async function kept(own: Sql, { actor, key }: KeyedRequest, answer: KeptAnswer): Promise<void> {
  await own`
    update idempotency_keys
    set status = ${answer.status}, content_type = ${answer.content_type}, body = ${answer.body}
    where actor = ${actor} and key = ${key}`;
}

async function forgotten(own: Sql, { actor, key }: KeyedRequest): Promise<void> {
  await own`
    delete from idempotency_keys
    where actor = ${actor} and key = ${key}`;
}
