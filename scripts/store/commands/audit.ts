/** `bun run audit …` as a function of its arguments: it reads the audit and says what is in it, or what is wrong with it. */

import { readConfig } from "../../../src/base/config.ts";
import { fail } from "../../../src/base/errors.ts";
import { isoOf } from "../../../src/base/units.ts";
import { type Anchor, type AuditRow, newestAudit, verifyAudit } from "../../../src/record/audit/audit.ts";
import { withExample } from "../../flags/example.ts";
import { databaseUrl, type Flags, numberFlag, readFlags } from "../../flags/source.ts";
import { withStore } from "../with_store.ts";

const USAGE = `usage: bun run audit <what> [flags]

  list            the newest rows: when, who, what, on what
  verify          reads the whole chain of hashes; a row that was altered or is missing is named, and the exit code is 1

  --limit         rows of list (default 20)
  --expect        <row>:<hash>, as verify printed it earlier: that row must still be there, the same. What is kept elsewhere
                  shows also a chain that was made anew as a whole
  --database-url  default DATABASE_URL, else the embedded database of DATA_DIR, also while a service runs on it`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
  limit: { type: "string" },
  expect: { type: "string" },
  "database-url": { type: "string" },
} as const;

const ROWS_MAX = 10_000;
/** The migration that made the audit. */
const AUDIT_SCHEMA = 29;

/**
 * @param words e.g. ["verify"].
 * @returns the lines to print.
 * @throws ForetickError AUDIT_BROKEN naming the rows; CONFIG_INVALID with the usage.
 */
export async function auditCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const { flags, rest } = readFlags(OPTIONS, USAGE, words);
  if (flags.help) return [withExample(USAGE, OPTIONS, "audit list", { limit: "5" })];
  const [what, ...surplus] = rest;
  if ((what !== "list" && what !== "verify") || surplus.length > 0) return refuse("list or verify");
  const limit = Math.floor(numberFlag(flags, "limit", 20, 1, ROWS_MAX));
  const anchor = anchorOf(flags);
  const config = readConfig(environment);
  const store = { config, url: databaseUrl(flags, config), use: "read", schema: AUDIT_SCHEMA } as const;
  return withStore(store, async ({ sql }) => {
    if (what === "list") return (await newestAudit(sql, limit)).map(rowLine);
    const { rows, head, faults } = await verifyAudit(sql, anchor);
    if (faults.length > 0) {
      return fail("AUDIT_BROKEN", `the audit is not as it was written:\n${faults.join("\n")}`);
    }
    return [`${rows} rows, all as they were written`, `ends with ${head.seq}:${head.hash}`];
  });
}

const refuse = (expected: string): never =>
  fail("CONFIG_INVALID", `bun run audit expected ${expected}\n\n${USAGE}`);

function anchorOf({ expect }: Flags): Anchor | undefined {
  if (expect === undefined) return undefined;
  const parts = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(String(expect));
  if (!parts) return refuse(`--expect <row>:<hash>, was ${String(expect)}`);
  return { seq: Number(parts[1]), hash: parts[2]! };
}

const rowLine = ({ seq, at_us, actor, action, target, details }: AuditRow): string =>
  `${seq}  ${isoOf(at_us)}  ${actor}  ${action}  ${target}  ${JSON.stringify(details)}`;
