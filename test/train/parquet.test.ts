import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { afterAll, expect, it } from "vitest";
import { seededRng } from "../../src/base/rng.ts";
import { v1 } from "../../src/features/v1.ts";
import { TrainingParquet } from "../../src/train/parquet.ts";
import { TRAINING_COLUMNS } from "../../src/train/training_query.ts";

const folder = mkdtempSync(join(tmpdir(), "foretick-parquet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const START_SEC = 1_760_000_000;
const KNOWN_US = START_SEC * 1e6 + 123_457;
const CORNERS = [-0, 5e-324, 0.1 + 0.2, -Number.MAX_VALUE, Number.NaN, 1 / 3];

/** Corner values in every feature, then noise; the label null now and then. */
function rowOf(i: number, rng: ReturnType<typeof seededRng>): Float64Array {
  const features = v1.names.map((_, j) => (i < 100 ? CORNERS[(i + j) % CORNERS.length]! : rng.normal()));
  const label = i % 7 === 0 ? Number.NaN : rng.normal() * 1e-4;
  return Float64Array.from([START_SEC + i, 12_200_000_000_001 + i, label, KNOWN_US + i, ...features]);
}

it("a Parquet file read back has every row, in order, to the last bit, nulls and microseconds included", async () => {
  const path = join(folder, "rows.parquet");
  const rng = seededRng(4);
  const rows = Array.from({ length: 12_345 }, (_, i) => rowOf(i, rng));
  const writer = new TrainingParquet(path, v1, { symbol: "BTCUSDT" });
  for (const row of rows) writer.push(row);
  expect(existsSync(path)).toBe(false);
  writer.finish();

  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([5_000, 5_000, 2_345]);
  expect(metadata.key_value_metadata).toContainEqual({ key: "set_hash", value: v1.hash });
  const parsers = { timestampFromMicroseconds: (us: bigint) => us };
  const read = await parquetReadObjects({ file, metadata, parsers: parsers as never });
  expect(read).toHaveLength(rows.length);
  expect(Object.keys(read[0]!)).toEqual([...TRAINING_COLUMNS, ...v1.names]);
  for (const [i, row] of rows.entries()) {
    const values = Object.values(read[i]!);
    const back = values.map((value) => (value === null ? Number.NaN : Number(value)));
    back[0] = back[0]! / 1e6;
    if (!row.every((value, column) => Object.is(value, back[column]))) expect(back).toEqual([...row]);
  }
});

it("an export given up leaves no file", () => {
  const path = join(folder, "never.parquet");
  const writer = new TrainingParquet(path, v1, {});
  writer.push(rowOf(0, seededRng(1)));
  writer.discard();
  writer.discard();
  expect([path, `${path}.part`].map(existsSync)).toEqual([false, false]);
});
