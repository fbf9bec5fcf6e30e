import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import type { Cell } from "../../../src/record/sql/array_literal.ts";
import { limitedDisk } from "../../../src/record/write/disk.ts";
import { Journal } from "../../../src/record/write/journal/journal.ts";
import { encodeLine } from "../../../src/record/write/journal/line.ts";
import type { JournalPosition } from "../../../src/record/write/journal/segment.ts";
import type { TableJournal } from "../../../src/record/write/journal/table_journal.ts";
import { WriteBatch } from "../../../src/record/write/queue/batch.ts";
import type { TableName } from "../../../src/record/write/table.ts";
import { WRITE_TABLES } from "../../../src/record/write/tables.ts";
import { codeOf } from "../../base/rejection.ts";
import { tempDir } from "../server/temp_dir.ts";
import { diskFull, FaultyDisk } from "./faulty_disk.ts";

/** Rows told apart by their times; the first text column has what a careless reader of lines would split at. */
function batchOf(table: TableName, ...ids: number[]): WriteBatch {
  const batch = new WriteBatch(WRITE_TABLES[table]);
  for (const id of ids) {
    for (const [i, { kind }] of batch.table.columns.entries()) {
      const cell: Record<typeof kind, Cell> = {
        ...{ text: `S${id}\u2028\n"`, us: id, int8: id, int4: id, bool: id % 2 === 0, floats: `{${id}}` },
        numerics: `{${id}}`,
        float8: id === 3 ? -0 : id / 7,
      };
      batch.columns[i]![batch.rows] = cell[kind];
    }
    batch.rows++;
  }
  return batch;
}

/** The ids of a batch, which are its times. */
function idsOf(batch: WriteBatch): Cell[] {
  const column = batch.table.columns.findIndex(({ name }) => name === "ts");
  return batch.columns[column]!.slice(0, batch.rows);
}

const lineOf = (batch: WriteBatch): Buffer => encodeLine(batch, 0, batch.rows);

/** Rows that are on disk only, as when memory was full. */
async function spill(journal: TableJournal, batch: WriteBatch): Promise<JournalPosition> {
  const position = await journal.append(lineOf(batch));
  await journal.sync();
  journal.evicted(position);
  return position;
}

/** Reads everything, as a writer does: the ids, batch by batch. */
async function readAll(journal: TableJournal, rows_max = 1): Promise<Cell[][]> {
  const all: Cell[][] = [];
  for (let batch = await journal.next(rows_max); batch; batch = await journal.next(rows_max)) {
    all.push(idsOf(batch));
    journal.settle(batch.position!);
  }
  return all;
}

describe("journal", () => {
  let directory = "";
  let disk = new FaultyDisk();
  const open = (segment_bytes_max = 1 << 20): Journal =>
    new Journal({
      directory,
      disk: limitedDisk(disk, { clock, timeout_ms: 5_000 }),
      segment_bytes_max,
      rejected_bytes_max: 2_000,
      log,
    });
  const segments = (): string[] => readdirSync(directory).filter((name) => /\d{12}\.ndjson$/.test(name));
  const gone = async (): Promise<void> => {
    for (let i = 0; i < 200 && segments().length > 0; i++) await new Promise((done) => setTimeout(done, 5));
    expect(segments()).toEqual([]);
  };
  beforeEach(() => {
    directory = join(tempDir(), "journal");
    disk = new FaultyDisk();
  });
  afterEach(() => rmSync(join(directory, ".."), { recursive: true, force: true }));

  it("gives back what was appended, in order, exact to the sign of zero, and then nothing is left on disk", async () => {
    const journal = open();
    const { outcomes } = journal.tables;
    const batches = [batchOf("outcomes", 1, 2), batchOf("outcomes", 3), batchOf("outcomes", 4, 5, 6)];
    for (const batch of batches) await spill(outcomes, batch);
    const read: string[][] = [];
    for (let batch = await outcomes.next(1); batch; batch = await outcomes.next(1)) {
      read.push(batch.parameters());
      outcomes.settle(batch.position!);
    }
    expect(read).toEqual(batches.map((batch) => batch.parameters()));
    expect(batches[1]!.parameters()).toContain("{-0}");
    expect(journal.hasBacklog).toBe(false);
    expect(journal.bytes).toBe(0);
    await gone();
  });

  it("keeps each table's order over segments, processes, memory, faults and power cuts, and loses nothing synced", async () => {
    const tables = ["outcomes", "trades"] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            table: fc.constantFrom(...tables),
            step: fc.constantFrom(
              "spill",
              "ahead",
              "settle ahead",
              "take",
              "reopen",
              "no append",
              "no sync",
              "cut",
            ),
            kept: fc.nat(60),
          }),
          { maxLength: 40 },
        ),
        fc.constantFrom(1, 300, 1 << 20),
        async (steps, segment_bytes_max) => {
          rmSync(directory, { recursive: true, force: true });
          disk = new FaultyDisk();
          let journal = open(segment_bytes_max);
          const state = Object.fromEntries(
            tables.map((table) => [
              table,
              { appended: 0, taken: [] as Cell[], ahead: [] as { id: number; at: JournalPosition }[] },
            ]),
          ) as Record<
            (typeof tables)[number],
            { appended: number; taken: Cell[]; ahead: { id: number; at: JournalPosition }[] }
          >;
          const take = async (table: (typeof tables)[number]): Promise<boolean> => {
            const batch = await journal.tables[table].next(3);
            if (!batch) return false;
            state[table].taken.push(...idsOf(batch));
            journal.tables[table].settle(batch.position!);
            return true;
          };
          const restart = async (): Promise<void> => {
            journal = open(segment_bytes_max);
            for (const table of tables) state[table].ahead = [];
          };
          for (const { table, step, kept } of steps) {
            const own = state[table];
            const one = journal.tables[table];
            if (step === "spill" && own.ahead.length === 0) await spill(one, batchOf(table, own.appended++));
            else if (step === "ahead") {
              const id = own.appended++;
              const at = await one.append(lineOf(batchOf(table, id)));
              await one.sync();
              own.ahead.push({ id, at });
            } else if (step === "settle ahead" && !one.hasBacklog && own.ahead.length > 0) {
              const { id, at } = own.ahead.shift()!;
              own.taken.push(id);
              one.settle(at);
            } else if (step === "take") await take(table);
            else if (step === "reopen") {
              await journal.close();
              await restart();
            } else if (step === "no append" || step === "no sync") {
              const failing = step === "no append" ? "append" : "sync";
              disk.fault = (call) => (call === failing ? diskFull() : undefined);
              disk.torn_bytes = kept;
              // Not counted as appended: the caller was told.
              const line = lineOf(batchOf(table, own.appended));
              const told = await codeOf(one.append(line).then(() => one.sync()));
              expect(told).toBe("STORE_JOURNAL");
              disk.fault = () => undefined;
            } else if (step === "cut") {
              await disk.quiet();
              await disk.powerCut(kept);
              await restart();
            }
          }
          await journal.close();
          await restart();
          for (const table of tables) while (await take(table));
          await journal.close();
          // A segment that was half settled when its process ended is read again: repeats, never a gap or a swap.
          for (const table of tables) {
            const { taken, appended } = state[table];
            const first_seen = taken.filter((id, i) => taken.indexOf(id) === i);
            expect(first_seen.slice(0, appended)).toEqual(Array.from({ length: appended }, (_, i) => i));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("gives the next process what a batch that was not settled holds", async () => {
    const first = open();
    await spill(first.tables.trades, batchOf("trades", 1));
    expect(idsOf((await first.tables.trades.next(9))!)).toEqual([1]);
    await first.close();
    expect(await readAll(open().tables.trades)).toEqual([[1]]);
  });

  it("joins lines to batches of the size asked for", async () => {
    const { quotes } = open().tables;
    for (let id = 0; id < 10; id++) await spill(quotes, batchOf("quotes", id));
    expect((await readAll(quotes, 4)).map(({ length }) => length)).toEqual([4, 4, 2]);
  });

  it("keeps rows that were written ahead until they are settled, and reads none of them back meanwhile", async () => {
    const journal = open();
    const { trades } = journal.tables;
    const at: JournalPosition[] = [];
    for (const id of [1, 2, 3]) at.push(await trades.append(lineOf(batchOf("trades", id))));
    await trades.sync();
    expect(trades.hasBacklog).toBe(false);
    trades.settle(at[0]!);
    expect(await readAll(open().tables.trades)).toEqual([[1], [2], [3]]);
    trades.settle(at[2]!);
    await gone();
    expect(journal.bytes).toBe(0);
  });

  it("reads the files of the version that kept all tables in one, and removes each once all tables have", async () => {
    mkdirSync(directory, { recursive: true });
    for (const [name, ids] of [
      ["000000000001.ndjson", [1, 2]],
      ["000000000002.ndjson", [3]],
    ] as const) {
      const lines = ids.flatMap((id) => [
        lineOf(batchOf("trades", id)),
        lineOf(batchOf("outcomes", id + 10)),
      ]);
      writeFileSync(join(directory, name), Buffer.concat(lines));
    }
    appendFileSync(join(directory, "000000000002.ndjson"), '0badc0de {"table":"trades","ro');
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
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "000000000001.ndjson"), lines.join(""));
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
    const path = join(directory, segments()[0]!);
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
    const path = join(directory, segments()[0]!);
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
