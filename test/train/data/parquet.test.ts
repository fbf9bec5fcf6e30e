import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { afterAll, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { TrainingParquet } from "../../../src/train/rows/parquet.ts";
import type { SplitMark } from "../../../src/train/rows/split_marks.ts";
import { TRAINING_COLUMNS } from "../../../src/train/rows/training_query.ts";

const folder = mkdtempSync(join(tmpdir(), "foretick-parquet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const START_SEC = 1_760_000_000;
const KNOWN_US = START_SEC * 1e6 + 123_457;
const CORNERS = [-0, 5e-324, 0.1 + 0.2, -Number.MAX_VALUE, Number.NaN, 1 / 3];

/** Corner values in every feature, then noise; the label null now and then. */
function rowOf(i: number, rng: ReturnType<typeof seededRng>): Float64Array {
  const features = v1.names.map((_, j) => (i < 100 ? CORNERS[(i + j) % CORNERS.length]! : rng.normal()));
  const label = i % 7 === 0 ? Number.NaN : rng.normal() * 1e-4;
  const prices = [12_200_000_000_001 + i, 6_100_000_000_000 + i];
  return Float64Array.from([START_SEC + i, ...prices, label, -label, KNOWN_US + i, ...features]);
}

const markOf = (i: number): SplitMark | null => ([null, "train", "validation", "test"] as const)[i % 4]!;

it("a Parquet file read back has every row, in order, to the last bit, nulls and microseconds included", async () => {
  const path = join(folder, "rows.parquet");
  const rng = seededRng(4);
  const rows = Array.from({ length: 12_345 }, (_, i) => rowOf(i, rng));
  const writer = new TrainingParquet(path, v1, { symbol: "BTCUSDT" });
  for (const [i, row] of rows.entries()) writer.push(row, markOf(i));
  expect(existsSync(path)).toBe(false);
  writer.finish();

  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([5_000, 5_000, 2_345]);
  expect(metadata.key_value_metadata).toContainEqual({ key: "set_hash", value: v1.hash });
  const parsers = { timestampFromMicroseconds: (us: bigint) => us };
  const read = await parquetReadObjects({ file, metadata, parsers: parsers as never });
  expect(read).toHaveLength(rows.length);
  expect(Object.keys(read[0]!)).toEqual([...TRAINING_COLUMNS, "split", ...v1.names]);
  for (const [i, row] of rows.entries()) {
    const { split, ...cells } = read[i]!;
    if (split !== markOf(i)) expect([i, split]).toEqual([i, markOf(i)]);
    const values = Object.values(cells);
    const back = values.map((value) => (value === null ? Number.NaN : Number(value)));
    back[0] = back[0]! / 1e6;
    if (!row.every((value, column) => Object.is(value, back[column]))) expect(back).toEqual([...row]);
  }
});

it("a stopped export leaves no file", () => {
  const path = join(folder, "never.parquet");
  const writer = new TrainingParquet(path, v1, {});
  writer.push(rowOf(0, seededRng(1)), null);
  writer.discard();
  writer.discard();
  expect([path, `${path}.part`].map(existsSync)).toEqual([false, false]);
});
