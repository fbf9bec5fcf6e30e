/** The SQL of the pages, in blocks and within sentences, is answered by a database as this version lays it out. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { tablesPage } from "../../scripts/docs/tables.ts";
import { connectTo } from "../../src/record/server/client.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { pages, ROOT } from "./pages.ts";

const PAGE = join(ROOT, "docs/reference/tables.md");

/** DuckDB's, over Parquet: docs/lake.md and docs/dataset.md say so, the lake's tests ask it. */
const isOthers = (text: string): boolean => /DuckDB|read_parquet|\.parquet/.test(text);
/** One that is run as it stands: whole, and without a thing for a person to put in. */
const isWhole = (text: string): boolean =>
  /^(select|call|with)\b[\s\S]* from /.test(text) && !/<\w+>/.test(text);

const STATEMENTS = pages().flatMap(({ path, fences, spans }) => {
  const blocks = fences.filter(({ language }) => language === "sql").map(({ text }) => text);
  const named = spans.filter((code) => isWhole(code));
  return [...blocks, ...named].filter((text) => !isOthers(text)).map((text) => ({ path, text }));
});

onEveryServer("the SQL of the pages", (server) => {
  it("is answered, every statement, and docs/reference/tables.md is what it says of itself (else: bun run docs --tables)", async () => {
    expect(STATEMENTS.length).toBeGreaterThan(5);
    const sql = connectTo(await server.migratedDatabase());
    const refused: string[] = [];
    for (const { path, text } of STATEMENTS) {
      const statement = text.replaceAll("ridge-v1/…", "ridge-v1/1");
      await sql
        .unsafe(statement)
        .simple()
        .catch((error: Error) => void refused.push(`${path}: ${text}: ${error.message}`));
    }
    expect(refused).toEqual([]);
    // Where bars are tables, and no extension has put its own beside them.
    const [found] =
      await sql`select exists (select from pg_extension where extname = 'timescaledb') as other`;
    if (found!.other === false) expect(readFileSync(PAGE, "utf8")).toBe(await tablesPage(sql));
    await sql.end();
  });
});
