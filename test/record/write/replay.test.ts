import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { int8Cell } from "../../../src/record/sql/array_literal.ts";
import { RejectedRows } from "../../../src/record/write/journal/rejected_rows.ts";
import { tradeAt } from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";

const row = (n: number, symbol: string) => {
  const { trade_id, ts_us, received_us, price_e8, qty_e8, is_buyer_maker } = tradeAt(n);
  const times = { ts: ts_us, received_at: received_us };
  return {
    symbol,
    ...times,
    trade_id,
    price_e8,
    qty_e8: int8Cell(qty_e8),
    is_buyer_maker,
    late: false,
    epoch: 0,
    set_aside: null,
  };
};

onEveryServer("rejected rows", (server) => {
  it("are shown, and are stored by a replay once the database takes them; the others stay", async () => {
    const database = await server.openDatabase();
    const data_dir = mkdtempSync(join(tmpdir(), "foretick-replay-"));
    const directory = join(data_dir, "journal");
    mkdirSync(directory);
    const rejected = new RejectedRows(directory, 1 << 20);
    rejected.add([
      { table: "trades", error: "refused (22P02)", row: row(1, "BTCUSDT") },
      { table: "trades", error: "refused (22P02)", row: { ...row(2, "BTCUSDT"), price_e8: "no price" } },
      { table: "journal", error: "torn or unknown line", row: "{" },
    ]);
    const run = async (command: string): Promise<{ code: number; out: string }> => {
      const child = Bun.spawn([process.execPath, "scripts/journal.ts", command], {
        env: { PATH: process.env.PATH ?? "", DATA_DIR: data_dir, DATABASE_URL: database.url },
        ...{ stdout: "pipe", stderr: "pipe" },
      });
      const out = await new Response(child.stdout as ReadableStream<Uint8Array>).text();
      return { code: await child.exited, out };
    };
    expect((await run("show")).out).toContain("refused: 2 of trades: refused (22P02)");
    const replayed = await run("replay");
    expect(replayed.out).toContain("1 rows are in the database now, 2 are kept");
    expect(replayed.code).toBe(1);
    const stored = await database.sql`select trade_id::text as id from trades`;
    expect(stored.map(({ id }) => Number(id))).toEqual([Number(tradeAt(1).trade_id)]);
    expect(new RejectedRows(directory, 1 << 20).read()).toHaveLength(2);
    await database.close();
    rmSync(data_dir, { recursive: true, force: true });
  });
});
