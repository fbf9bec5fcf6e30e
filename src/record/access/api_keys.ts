/**
 * Table `api_keys`. A key is `ft_<key_id>_<secret>`, 256 bits of chance; what is kept is its sha256, which needs no salt or
 * stretching where nobody can guess.
 */

import { createHash, randomBytes } from "node:crypto";
import type { Sql } from "postgres";
import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Micros } from "../../base/units.ts";
import { parsed, type Scope, scopeSchema } from "../registry/inputs.ts";
import { asked } from "../sql/asked.ts";
import { microsFromText, textFromMicros } from "../sql/time_text.ts";
import { ACCESS_ROLES, type AccessRole } from "./access_role.ts";

const KEY = /^ft_([a-z0-9]{10})_[A-Za-z0-9_-]{43}$/;
const ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Of a text that has the form of a key; undefined for any other. */
export const keyIdOf = (key: string): string | undefined => KEY.exec(key)?.[1];

export const sha256Of = (key: string): string => createHash("sha256").update(key).digest("hex");

export interface StoredKey {
  readonly key_id: string;
  readonly role: AccessRole;
  readonly name: string;
  readonly sha256: string;
  readonly created_us: Micros;
  readonly created_by: string;
  readonly expires_us: Micros | null;
  readonly revoked_us: Micros | null;
  readonly last_used_us: Micros | null;
}

const newKeySchema = z.strictObject({
  role: z.enum(ACCESS_ROLES, `expected one of ${ACCESS_ROLES.join(", ")}`),
  name: z.string().trim().min(1, "expected whose it is").max(100),
  /** Default never. */
  expires_us: z.number().int().positive().optional(),
});
export type NewKey = z.input<typeof newKeySchema>;

/**
 * @returns the key: the only time it can be seen.
 * @throws ForetickError REQUEST_INVALID naming the field; STORE_UNREACHABLE, STORE_QUERY.
 */
export async function createKey(sql: Sql, scope: Scope, input: NewKey): Promise<string> {
  const { actor } = parsed("scope", scopeSchema, scope);
  const { role, name, expires_us } = parsed("key", newKeySchema, input);
  const key_id = [...randomBytes(10)].map((byte) => ID_LETTERS[byte % ID_LETTERS.length]).join("");
  const key = `ft_${key_id}_${randomBytes(32).toString("base64url")}`;
  const expires = expires_us === undefined ? null : textFromMicros(expires_us as Micros);
  await asked(sql`
    insert into api_keys (key_id, sha256, role, name, created_by, expires_at)
    values (${key_id}, ${sha256Of(key)}, ${role}, ${name}, ${actor}, ${expires})`);
  return key;
}

/** @returns false where it was revoked before. @throws ForetickError NOT_FOUND; STORE_UNREACHABLE, STORE_QUERY. */
export async function revokeKey(sql: Sql, scope: Scope, key_id: string): Promise<boolean> {
  const { actor } = parsed("scope", scopeSchema, scope);
  const changed = await asked(sql`
    update api_keys
    set revoked_at = now(), revoked_by = ${actor}
    where key_id = ${key_id} and revoked_at is null`);
  if (changed.count > 0) return true;
  const there = await asked(sql`
    select
    from api_keys
    where key_id = ${key_id}`);
  if (there.count > 0) return false;
  return fail("NOT_FOUND", `there is no key ${key_id}: "bun run keys list" shows those there are`);
}

interface Row extends Pick<StoredKey, "key_id" | "role" | "name" | "sha256" | "created_by"> {
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
}

/** The newest first. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function storedKeys(sql: Sql): Promise<StoredKey[]> {
  const rows = await asked(sql<Row[]>`
    select key_id, role, name, sha256, created_by, created_at, expires_at, revoked_at, last_used_at
    from api_keys
    order by revoked_at is not null, created_at desc
    limit ${LIMITS.api_keys_max}`);
  return rows.map(({ created_at, expires_at, revoked_at, last_used_at, ...same }) => ({
    ...same,
    created_us: microsFromText(created_at),
    ...{ expires_us: microsOrNull(expires_at), revoked_us: microsOrNull(revoked_at) },
    last_used_us: microsOrNull(last_used_at),
  }));
}

/** @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function markUsed(sql: Sql, key_ids: readonly string[]): Promise<void> {
  await asked(sql`
    update api_keys
    set last_used_at = now()
    where key_id in (select jsonb_array_elements_text(${JSON.stringify(key_ids)}::text::jsonb))`);
}

const microsOrNull = (text: string | null): Micros | null => (text === null ? null : microsFromText(text));
