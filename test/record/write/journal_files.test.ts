/** The journal's files: of versions before, torn, damaged, and of rejected rows. */

import { appendFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Cell } from "../../../src/record/sql/array_literal.ts";
import { batchOf, journalWorld, lineOf, readAll, spill } from "./journal_world.ts";

describe("journal", () => {
  const world = journalWorld();
  const { open, segments, gone } = world;

  it("reads the files of the version that kept all tables in one, and removes each once all tables have", async () => {
    mkdirSync(world.directory, { recursive: true });
    for (const [name, ids] of [
      ["000000000001.ndjson", [1, 2]],
      ["000000000002.ndjson", [3]],
    ] as const) {
      const lines = ids.flatMap((id) => [
        lineOf(batchOf("trades", id)),
        lineOf(batchOf("outcomes", id + 10)),
      ]);
      writeFileSync(join(world.directory, name), Buffer.concat(lines));
    }
    appendFileSync(join(world.directory, "000000000002.ndjson"), '0badc0de {"table":"trades","ro');
    const journal = open();
    expect(journal.bytes).toBeGreaterThan(500);
    const { trades, outcomes } = journal.tables;
    await spill(trades, batchOf("trades", 4));
    expect(await readAll(trades)).toEqual([[1], [2], [3], [4]]);
    expect(segments().length).toBeGreaterThan(0);
    expect(await readAll(outcomes)).toEqual([[11], [12], [13]]);
    for (const table of Object.values(journal.tables)) await readAll(table);
    expect(journal.rejected.read()).toHaveLength(1);
    await gone();
    expect(journal.bytes).toBe(0);
  });

  it("takes the lines of a version before, whose columns had other names or were not there yet", async () => {
    const before = {
      predictions: {
        symbol: ["BTCUSDT"],
        ts: [1],
        model_version: ["m/1"],
        horizon_s: [10],
        yhat_log_return_10s: ["-0"],
      },
      outcomes: { symbol: ["BTCUSDT"], ts: [1], model_version: ["m/1"], realized_log_return_10s: ["5e-324"] },
    };
    const lines = Object.entries(before).map(([table, columns]) => {
      const text = JSON.stringify({ table, rows: 1, columns });
      return `${crc32(text).toString(16).padStart(8, "0")} ${text}\n`;
    });
    mkdirSync(world.directory, { recursive: true });
    writeFileSync(join(world.directory, "000000000001.ndjson"), lines.join(""));
    const journal = open();
    const { predictions, outcomes } = journal.tables;
    expect((await predictions.next(9))!.record(0)).toMatchObject({
      ...{ venue: null, role: null, model_version: "m/1", horizon_s: 10, yhat_log_return: "-0" },
    });
    expect((await outcomes.next(9))!.record(0)).toMatchObject({
      ...{ venue: null, horizon_s: null, realized_log_return: "5e-324", realized_price: null },
    });
    expect(journal.damaged).toBe(0);
  });

  it("sets a torn line aside and loses none of the others, wherever it was torn", async () => {
    const first = open();
    for (const id of [1, 2, 3]) await spill(first.tables.outcomes, batchOf("outcomes", id));
    await first.close();
    const path = join(world.directory, segments()[0]!);
    const whole = readFileSync(path);
    const last_line = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (let at = last_line + 1; at < whole.length; at++) {
      writeFileSync(path, whole.subarray(0, at));
      const torn = open();
      const complete = at === whole.length - 1;
      expect(await readAll(torn.tables.outcomes)).toEqual(complete ? [[1], [2], [3]] : [[1], [2]]);
      expect(torn.damaged).toBe(complete ? 0 : 1);
      await gone();
    }
  });

  it("sets a line with a changed byte aside, with the line", async () => {
    const first = open();
    for (const id of [1, 2]) await spill(first.tables.outcomes, batchOf("outcomes", id));
    await first.close();
    const path = join(world.directory, segments()[0]!);
    const damaged = readFileSync(path, "utf8").replace("S1", "S7");
    truncateSync(path, 0);
    appendFileSync(path, damaged);
    const second = open();
    expect(await readAll(second.tables.outcomes)).toEqual([[2]]);
    expect(second.rejected.read()).toMatchObject([{ table: "journal", row: expect.stringContaining("S7") }]);
  });

  it("keeps of the rejected rows the newest, within its bound", async () => {
    const { rejected } = open();
    for (let id = 0; id < 100; id++) {
      rejected.add([{ table: "trades", error: "refused", row: { trade_id: id, filler: "x".repeat(100) } }]);
    }
    expect(rejected.bytes).toBeLessThanOrEqual(4_000);
    const ids = rejected.read().map(({ row }) => (row as Record<string, Cell>).trade_id);
    expect(ids.length).toBeGreaterThan(10);
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, i) => 100 - ids.length + i));
    expect(open().rejected.bytes).toBe(rejected.bytes);
  });
});
