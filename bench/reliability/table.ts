/** The table of faults: on the terminal while it is made, and as docs/reliability.md. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../peers/stage.ts";
import type { Account } from "./account.ts";
import type { Course, Fault } from "./course.ts";

export type Row =
  | { readonly fault: Fault; readonly course: Course; readonly account: Account }
  | { readonly fault: Fault; readonly failed: string }
  | { readonly fault: Fault; readonly not_run: string };

const HEAD = [
  "fault",
  "injected how",
  "detected after",
  "recovered after",
  "lost",
  "doubled",
  "false",
  "what a person sees",
];
const PAGE = join(ROOT, "docs", "reliability.md");
const [BEGIN, END] = ["<!-- table: bun bench/reliability.ts --write -->", "<!-- end of the table -->"];

/** The promises the row breaks, as sentences; empty where all are kept. */
export function missed(row: Row): string[] {
  if ("failed" in row) return [`${row.fault.name}: ${row.failed}`];
  if ("not_run" in row) return [];
  const { fault, course, account } = row;
  const broken: string[] = [];
  const over = (what: string, ms: number | null, bound_ms: number | null): void => {
    if (ms !== null && bound_ms !== null && ms > bound_ms)
      broken.push(`${fault.name}: ${what} after ${ms.toFixed(0)} ms, promised ${bound_ms} ms`);
  };
  over("detected", course.detected_ms, fault.detected_ms);
  over("recovered", course.recovered_ms, fault.recovered_ms);
  const { lost, forgotten, doubled, false_claims } = account;
  for (const [what, count] of Object.entries({ lost, forgotten, doubled, ...false_claims })) {
    if (count > 0) broken.push(`${fault.name}: ${what} ${count}`);
  }
  return broken;
}

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map((row) => `| ${cellsOf(row).map(plain).join(" | ")} |`);
  const broken = rows.flatMap(missed).map((sentence) => `- NOT KEPT: ${sentence}`);
  const head = [`| ${HEAD.join(" | ")} |`, "|---|---|--:|--:|--:|--:|--:|---|"];
  const table = [...head, ...lines].join("\n");
  return broken.length === 0 ? table : `${table}\n\n${broken.join("\n")}`;
}

function cellsOf(row: Row): string[] {
  const { name, injected } = row.fault;
  if ("failed" in row) return [name, injected, "–", "–", "–", "–", "–", `failed: ${row.failed}`];
  if ("not_run" in row) return [name, injected, "–", "–", "–", "–", "–", `not run: ${row.not_run}`];
  const { course, account } = row;
  const claims = Object.values(account.false_claims).reduce((sum, count) => sum + count, 0);
  return [
    name,
    injected,
    seconds(course.detected_ms),
    seconds(course.recovered_ms),
    String(account.lost + account.forgotten),
    String(account.doubled),
    String(claims),
    course.sees,
  ];
}

const seconds = (ms: number | null): string => (ms === null ? "–" : `${(ms / 1_000).toFixed(1)} s`);
const plain = (cell: string): string => cell.replaceAll("|", "\\|").replaceAll("\n", " ");

/**
 * Puts the rows into the page's table, each in place of the one it had; what people wrote around it stays.
 * @param names all faults, in the table's order.
 */
export async function writePage(
  rows: readonly Row[],
  names: readonly string[],
  where: string,
): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const [before, rest] = page.split(BEGIN);
  const [table, after] = (rest ?? "").split(END);
  const lines = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("| "));
  const known = new Map([...lines(table ?? ""), ...lines(tableOf(rows))].map((line) => [nameIn(line), line]));
  const body = names.flatMap((name) => known.get(name) ?? []).join("\n");
  const head = tableOf([]);
  await writeFile(PAGE, `${before}${BEGIN}\n\n${where}\n\n${head}\n${body}\n\n${END}${after ?? "\n"}`);
}

const nameIn = (line: string): string => line.split(" | ")[0]!.slice(2);
