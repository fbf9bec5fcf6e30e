import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger as log } from "../../src/base/log.ts";
import type { Cell } from "../../src/record/array_literal.ts";
import { Journal } from "../../src/record/journal.ts";
import { WriteBatch } from "../../src/record/write_batch.ts";
import { WRITE_TABLES } from "../../src/record/write_tables.ts";
import { tempDir } from "./servers.ts";

function batchOf(...ids: number[]): WriteBatch {
  const batch = new WriteBatch(WRITE_TABLES.outcomes);
  for (const id of ids) {
    const cells: Cell[] = [`S${id}\u2028\n"`, id, "m", id === 3 ? -0 : id / 7, null, id];
    for (const [i, cell] of cells.entries()) batch.columns[i]![batch.rows] = cell;
    batch.rows++;
  }
  return batch;
}

/** Reads everything, as a writer does. */
async function readAll(journal: Journal): Promise<string[][]> {
  const all: string[][] = [];
  for (let batch = await journal.next(); batch; batch = await journal.next()) {
    all.push(batch.parameters());
    journal.settled();
  }
  return all;
}

describe("journal", () => {
  let directory = "";
  const open = (segment_bytes_max = 1 << 20): Journal => new Journal({ directory, segment_bytes_max, log });
  const segments = (): string[] =>
    readdirSync(directory)
      .filter((name) => /^\d+\.ndjson$/.test(name))
      .sort();
  beforeEach(() => {
    directory = join(tempDir(), "journal");
  });
  afterEach(() => rmSync(join(directory, ".."), { recursive: true, force: true }));

  it("gives back what was appended, in order, exact to the sign of zero, and then nothing is left on disk", async () => {
    const journal = open();
    const batches = [batchOf(1, 2), batchOf(3), batchOf(4, 5, 6)];
    for (const batch of batches) journal.append(batch);
    expect(await readAll(journal)).toEqual(batches.map((batch) => batch.parameters()));
    expect(batches[1]!.parameters()[3]).toBe("{-0}");
    expect(journal.empty).toBe(true);
    expect(journal.bytes).toBe(0);
    expect(segments()).toEqual([]);
  });

  it("keeps the order over segments, processes, and appending while it is read", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("append", "take", "reopen"), { maxLength: 40 }),
        fc.constantFrom(1, 200, 1 << 20),
        async (steps, segment_bytes_max) => {
          rmSync(directory, { recursive: true, force: true });
          let journal = open(segment_bytes_max);
          const taken: string[] = [];
          let appended = 0;
          const take = async (): Promise<boolean> => {
            const batch = await journal.next();
            if (batch) taken.push(batch.parameters()[1]!);
            journal.settled();
            return batch !== undefined;
          };
          for (const step of steps) {
            if (step === "append") journal.append(batchOf(appended++));
            else if (step === "take") await take();
            else {
              await journal.close();
              journal = open(segment_bytes_max);
            }
          }
          while (await take());
          await journal.close();
          // A segment that was half read when its process ended is read again: repeats, never a gap or a swap.
          const first_seen = taken.filter((id, i) => taken.indexOf(id) === i);
          expect(first_seen).toEqual(Array.from({ length: appended }, (_, i) => `{${i}}`));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("gives the next process what a batch that was not settled holds", async () => {
    const first = open();
    first.append(batchOf(1));
    expect((await first.next())?.parameters()[1]).toBe("{1}");
    await first.close();
    expect(await readAll(open())).toEqual([batchOf(1).parameters()]);
  });

  it("sets a torn line aside and loses none of the others, wherever it was torn", async () => {
    const journal = open();
    for (const id of [1, 2, 3]) journal.append(batchOf(id));
    await journal.close();
    const path = join(directory, segments()[0]!);
    const whole = readFileSync(path);
    const last_line = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (const at of [last_line + 1, last_line + 9, last_line + 40, whole.length - 2]) {
      appendFileSync(path, "");
      truncateSync(path, at);
      const torn = open();
      expect(await readAll(torn)).toEqual([batchOf(1).parameters(), batchOf(2).parameters()]);
      expect(torn.rejected).toBe(1);
      rmSync(join(directory, "rejected.ndjson"));
      appendFileSync(path, whole);
    }
  });

  it("sets a line with a changed byte aside, with the line", async () => {
    const journal = open();
    for (const id of [1, 2]) journal.append(batchOf(id));
    await journal.close();
    const path = join(directory, segments()[0]!);
    const damaged = readFileSync(path, "utf8").replace("S1", "S7");
    truncateSync(path, 0);
    appendFileSync(path, damaged);
    expect(await readAll(open())).toEqual([batchOf(2).parameters()]);
    expect(readFileSync(join(directory, "rejected.ndjson"), "utf8")).toContain("S7");
  });
});
