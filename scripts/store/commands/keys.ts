/** `bun run keys …` as a function of its arguments: it opens the database and does one thing. */

import { systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { fail } from "../../../src/base/errors.ts";
import { isoOf, micros, US_PER_SEC } from "../../../src/base/units.ts";
import { ACCESS_ROLES, type AccessRole } from "../../../src/record/access/access_role.ts";
import { createKey, revokeKey, type StoredKey, storedKeys } from "../../../src/record/access/api_keys.ts";
import { withExample } from "../../flags/example.ts";
import { databaseUrl, type Flags, lengthSeconds, readFlags } from "../../flags/source.ts";
import { actorOf, withStore } from "../with_store.ts";

const USAGE = `usage: bun run keys <what> [flags]

  create            makes a key and shows it, this once
  list              those there are, without the keys themselves
  revoke <key-id>   refused within seconds, for good

  --role          viewer (reads), client (asks for forecasts of its own), operator (changes what serves), admin (also who may)
  --name          whose it is; in the record of what it does
  --expires       after so long, e.g. 12h or 90d (default never)
  --by            who asks; recorded (default the user's name)
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR, also while a service runs on it`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  role: { type: "string" },
  name: { type: "string" },
  expires: { type: "string" },
  by: { type: "string" },
  "database-url": { type: "string" },
} as const;

const VERBS = ["create", "list", "revoke"] as const;
/** The migration that made the table of keys. */
const KEYS_SCHEMA = 29;

/**
 * @param words e.g. ["create", "--role", "operator", "--name", "ci"].
 * @returns the lines to print.
 * @throws ForetickError CONFIG_INVALID with the usage; NOT_FOUND for a key there is not.
 */
export async function keysCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const { flags, rest } = readFlags(OPTIONS, USAGE, words);
  if (flags.help)
    return [withExample(USAGE, OPTIONS, "keys create", { role: "operator", name: "ci", expires: "90d" })];
  const [name = "", key_id, ...surplus] = rest;
  const verb = VERBS.find((one) => one === name) ?? refuse(`create, list or revoke, was "${name}"`);
  if (surplus.length > 0 || (key_id !== undefined) !== (verb === "revoke")) {
    refuse(verb === "revoke" ? "one key-id after revoke" : `nothing after ${verb}`);
  }
  const config = readConfig(environment);
  const wanted = verb === "create" ? { ...newKeyFlags(flags) } : undefined;
  const use = verb === "list" ? ({ use: "read", schema: KEYS_SCHEMA } as const) : ({ use: "write" } as const);
  return withStore({ config, url: databaseUrl(flags, config), ...use }, async ({ sql }) => {
    const scope = { actor: actorOf(flags) };
    if (wanted) {
      const key = await createKey(sql, scope, wanted);
      return [key, `a key of the role ${wanted.role} for ${wanted.name}: keep it, it is not shown again`];
    }
    if (verb === "list") return keyLines(await storedKeys(sql));
    const revoked = await revokeKey(sql, scope, key_id!);
    return [revoked ? `${key_id} is revoked` : `${key_id} was revoked before`];
  });
}

const refuse = (expected: string): never =>
  fail("CONFIG_INVALID", `bun run keys expected ${expected}\n\n${USAGE}`);

function newKeyFlags({ role, name, expires }: Flags): {
  role: AccessRole;
  name: string;
  expires_us?: number;
} {
  const known = ACCESS_ROLES.find((one) => one === role);
  if (!known) return refuse(`--role ${ACCESS_ROLES.join(" | ")}${role === undefined ? "" : `, was ${role}`}`);
  if (typeof name !== "string" || name.trim() === "") return refuse("--name: whose it is");
  if (expires === undefined) return { role: known, name };
  const seconds = lengthSeconds(String(expires));
  if (!(seconds > 0)) return refuse(`--expires like 12h or 90d, was ${String(expires)}`);
  return { role: known, name, expires_us: Math.round(systemClock.now() + seconds * US_PER_SEC) };
}

function keyLines(keys: readonly StoredKey[]): string[] {
  if (keys.length === 0) return ['no keys yet: "bun run keys create --role admin --name <whose>" makes one'];
  return keys.map((key) => {
    const state = stateOf(key);
    const used = key.last_used_us === null ? "never used" : `used ${isoOf(key.last_used_us)}`;
    return `${key.key_id}  ${key.role.padEnd(8)}  ${state}  ${used}  ${key.name} (by ${key.created_by}, ${isoOf(key.created_us)})`;
  });
}

function stateOf({ revoked_us, expires_us }: StoredKey): string {
  if (revoked_us !== null) return `revoked ${isoOf(revoked_us)}`;
  if (expires_us === null) return "valid";
  return `${expires_us <= micros(systemClock.now()) ? "expired" : "until"} ${isoOf(expires_us)}`;
}
