/**
 * Table `audit`: what was changed and what was refused, as a chain of hashes. Changes come into it by triggers, in their own
 * transaction (migration 0029); what changes no table is added here.
 */

import { createHash } from "node:crypto";
import type { Sql } from "postgres";
import type { Micros } from "../../base/units.ts";
import { asked, askedByPage } from "../sql/asked.ts";
import { exactNumber } from "../sql/columns.ts";
import { microsFromText } from "../sql/time_text.ts";

export interface AuditEntry {
  readonly actor: string;
  /** e.g. "refused". */
  readonly action: string;
  /** What it was done to. */
  readonly target: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AuditRow extends AuditEntry {
  /** From 1, without gaps. */
  readonly seq: number;
  readonly at_us: Micros;
  readonly hash: string;
}

/** In the order given; all or none. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function appendAudit(sql: Sql, entries: readonly AuditEntry[]): Promise<void> {
  await asked(sql`
    select audit_append(entry ->> 'actor', entry ->> 'action', entry ->> 'target', entry -> 'details')
    from jsonb_array_elements(${JSON.stringify(entries)}::text::jsonb) with ordinality as given (entry, n)
    order by n`);
}

/** The newest first. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function newestAudit(sql: Sql, limit: number): Promise<AuditRow[]> {
  const rows = await asked(sql<(Omit<AuditRow, "seq" | "at_us"> & { seq: string; at: string })[]>`
    select seq, at, actor, action, target, details, hash
    from audit
    order by seq desc
    limit ${limit}`);
  return rows.map(({ seq, at, ...same }) => ({ ...same, seq: exactNumber(seq), at_us: microsFromText(at) }));
}

/** A row, by its number, and its hash: what an operator keeps elsewhere, so that a chain made anew is noticed too. */
export interface Anchor {
  readonly seq: number;
  readonly hash: string;
}

export interface Verified {
  readonly rows: number;
  /** What the chain ends with. */
  readonly head: Anchor;
  /** Sentences, each naming its row; none where all is as it was written. */
  readonly faults: readonly string[];
}

interface Link {
  readonly seq: string;
  readonly prev_hash: string;
  readonly hash: string;
  /** As `audit_text`, said again here: a function in the database may be changed by whoever changes the rows. */
  readonly text: string;
}

const LINKS = `
  select
    seq,
    prev_hash,
    hash,
    jsonb_build_array(
      seq, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), actor, action, target, details
    )::text as text
  from audit
  order by seq`;

const NO_HASH = "0".repeat(64);
/** More are not listed: one that was cut out can be the cause of many. */
const FAULTS_MAX = 100;

/** Reads the whole chain. @throws ForetickError STORE_UNREACHABLE, STORE_QUERY. */
export async function verifyAudit(sql: Sql, anchor?: Anchor): Promise<Verified> {
  const faults: string[] = [];
  const found = (fault: string): void => {
    if (faults.length < FAULTS_MAX) faults.push(fault);
  };
  const [end] = await asked(sql<{ seq: string; hash: string }[]>`
    select seq, hash
    from audit_head`);
  const head: Anchor = { seq: exactNumber(end?.seq ?? "0"), hash: end?.hash ?? NO_HASH };
  let rows = 0;
  let last: Anchor = { seq: 0, hash: NO_HASH };
  let anchored = anchor === undefined;
  for await (const link of askedByPage<Link>(sql, LINKS, [])) {
    const seq = exactNumber(link.seq);
    // Written while this reads.
    if (seq > head.seq) break;
    rows++;
    if (seq !== last.seq + 1) found(missing(last.seq + 1, seq - 1));
    else if (link.prev_hash !== last.hash) found(`row ${seq} does not follow row ${last.seq} as it is now`);
    const hash = createHash("sha256").update(`${link.prev_hash}${link.text}`).digest("hex");
    if (hash !== link.hash) found(`row ${seq} was altered`);
    if (anchor?.seq === seq) {
      anchored = true;
      if (anchor.hash !== link.hash) found(`row ${seq} expected the hash ${anchor.hash}, was ${link.hash}`);
    }
    last = { seq, hash: link.hash };
  }
  if (last.seq < head.seq) found(missing(last.seq + 1, head.seq));
  else if (last.hash !== head.hash) found(`row ${last.seq} is not the one that was written last`);
  if (!anchored && anchor) found(`row ${anchor.seq}, whose hash was given, is missing`);
  return { rows, head, faults };
}

const missing = (from: number, to: number): string =>
  from === to ? `row ${from} is missing` : `rows ${from} to ${to} are missing`;
