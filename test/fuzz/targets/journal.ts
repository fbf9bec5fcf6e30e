/** Segments of the journal, as a writer reads them back after a crash: rows of the table, or lines set aside as damaged. */

import { crc32 } from "node:zlib";
import type { Rng } from "../../../src/base/rng.ts";
import type { Cell } from "../../../src/record/sql/array_literal.ts";
import type { Disk } from "../../../src/record/write/disk.ts";
import { encodeLine } from "../../../src/record/write/journal/line.ts";
import { readRows } from "../../../src/record/write/journal/segment_reader.ts";
import { WriteBatch } from "../../../src/record/write/queue/batch.ts";
import { TABLE_NAMES, type TableName } from "../../../src/record/write/table.ts";
import { WRITE_TABLES } from "../../../src/record/write/tables.ts";
import { mutatedBytes, picked } from "../mutate_bytes.ts";
import { mutatedJson } from "../mutate_json.ts";
import { bytesOfText, type Door, promise, type Target, textOfBytes } from "../target.ts";

const CELLS = {
  ...{ text: 'S\u2028\n"', us: 1_764_280_000_123_456, int8: 7, int4: 7, bool: true, float8: -0 },
  ...{ floats: "{1.5,2}", numerics: "{1}" },
};

function lineOf(name: TableName): Uint8Array {
  const batch = new WriteBatch(WRITE_TABLES[name]);
  batch.rows = 2;
  for (const [i, { kind }] of batch.table.columns.entries())
    batch.columns[i] = [CELLS[kind], CELLS[kind]] as Cell[];
  return encodeLine(batch, 0, 2);
}

const lines = TABLE_NAMES.map(lineOf);
const bodies = lines.map((line): unknown => JSON.parse(textOfBytes(line).slice(9)));

/** A line whose checksum holds, whatever is in it. */
function checked(text: string): string {
  return `${crc32(text).toString(16).padStart(8, "0")} ${text}\n`;
}

function input(rng: Rng): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let left = 1 + rng.below(3); left > 0; left--) {
    const sound = rng.below(3) === 0 ? picked(rng, lines) : undefined;
    const json = rng.below(2) === 0 ? bytesOfText(checked(mutatedJson(rng, bodies))) : undefined;
    parts.push(sound ?? json ?? mutatedBytes(rng, lines));
  }
  return Buffer.concat(parts);
}

const none = async (): Promise<never> => {
  throw new Error("a reader only reads");
};

async function attempt(bytes: Uint8Array): Promise<void> {
  const data = Buffer.from(bytes);
  const disk: Disk = {
    list: () => [],
    writeNow: () => {},
    ...{ create: none, remove: none, freeBytes: none },
    read: async (_path, from, length) => data.subarray(from, from + length),
  };
  const segment = { path: "x", order: 1, bytes: data.length, shared: false, remove: none };
  const table = WRITE_TABLES[data.includes('"table":"quotes"') ? "quotes" : "trades"];
  for (let at = 0; at < data.length; ) {
    const options = {
      disk,
      table,
      segment,
      from: at,
      to: data.length,
      rows_max: 10_000,
      onDamaged: () => {},
    };
    const { batch, end } = await readRows(options);
    promise(end > at && end <= data.length, "reading goes on, to the end of the segment");
    // What the statement would be given.
    if (batch) promise(batch.parameters().length === table.columns.length, "a parameter for every column");
    at = end;
  }
}

const open = (): Target => ({ codes: [], input, attempt });

export const journal: Door = {
  ...{ name: "journal", what: "segments of the journal", runs: 1_000_000, short_runs: 2_000 },
  open,
};
