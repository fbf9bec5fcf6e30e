/** The journal keeps order and loses nothing: over segments, processes, memory, faults and power cuts. */

import { rmSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cell } from "../../../src/record/sql/array_literal.ts";
import type { JournalPosition } from "../../../src/record/write/journal/segment.ts";
import { codeOf } from "../../base/rejection.ts";
import { diskFull, FaultyDisk } from "./faulty_disk.ts";
import { batchOf, idsOf, journalWorld, lineOf, readAll, spill } from "./journal_world.ts";

describe("journal", () => {
  const world = journalWorld();
  const { open, gone } = world;

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
          rmSync(world.directory, { recursive: true, force: true });
          world.disk = new FaultyDisk();
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
              world.disk.fault = (call) => (call === failing ? diskFull() : undefined);
              world.disk.torn_bytes = kept;
              // Not counted as appended: the caller was told.
              const line = lineOf(batchOf(table, own.appended));
              const told = await codeOf(one.append(line).then(() => one.sync()));
              expect(told).toBe("STORE_JOURNAL");
              world.disk.fault = () => undefined;
            } else if (step === "cut") {
              await world.disk.quiet();
              await world.disk.powerCut(kept);
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
});
