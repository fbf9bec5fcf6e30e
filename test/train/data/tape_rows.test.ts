import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSettings } from "../../../scripts/flags/train_settings.ts";
import { US_PER_SEC } from "../../../src/base/units.ts";
import { readTape, readTapeHeader } from "../../../src/binance/capture/tape_read.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import { lnr } from "../../../src/features/algebra/lnr.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { loadBundle } from "../../../src/model/bundle/bundle.ts";
import { newestBundle } from "../../../src/model/bundle/newest.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { recordingSource } from "../../../src/sim/recording/recording.ts";
import type { HeldDataset } from "../../../src/train/data/dataset.ts";
import { HeldRows } from "../../../src/train/data/row_store.ts";
import { DatasetBuilder } from "../../../src/train/rows/dataset_builder.ts";
import { readTapeRows } from "../../../src/train/rows/tape_rows.ts";
import { FULL } from "../../full.ts";
import { QUIET } from "../../sim/markets.ts";

const HORIZON_S = 10;
const START_US = 1_760_000_000 * US_PER_SEC;
const RECORDINGS = ["spot_btcusdt_20240808.gz", "spot_btcusdt_20240809.gz"].map((name) =>
  resolve("..", "shared", "data", name),
);
const recorded = RECORDINGS.every(existsSync);
/** Every kind where the suite runs whole; else one model of a vector and one of several. */
const KINDS = FULL ? [] : ["--model", "ridge,lstm"];
if (!recorded) console.warn("SKIPPED: ../shared/data is absent, so no test trains on recorded market data");

let folder = "";
let tape = "";
let dataset: HeldDataset;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "foretick-tape-rows-"));
  tape = join(folder, "simulated.tape");
  const source = simulatedSource({ ...QUIET, seed: 3, start_us: START_US, r2: 0.05, depth: false });
  await writeTape(tape, source, { seconds: 1500 });
  dataset = await datasetOf(tape);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function datasetOf(path: string): Promise<HeldDataset> {
  const { symbol } = await readTapeHeader(path);
  const builder = new DatasetBuilder(
    { symbol, set: v1, horizon_s: HORIZON_S, label: "mid" },
    new HeldRows(v1.names.length),
  );
  await readTapeRows(path, v1, (row) => builder.push(row));
  return builder.finish();
}

/** bid + ask (e8) as of each second, read straight from the tape's quotes: highest id with time < t. */
async function midSums(path: string): Promise<(sec: number) => number> {
  const quotes: { ts_us: number; id: number; mid_sum_e8: number }[] = [];
  const messages = (await readTape(path)).messages();
  for (let next = messages.next(); !next.done; next = messages.next()) {
    const { message } = next.value;
    if (message.kind !== "best_bid_ask") continue;
    quotes.push({
      ts_us: Number(message.event_time_us),
      id: Number(message.book_update_id),
      mid_sum_e8: Number(message.bid_price) + Number(message.ask_price),
    });
  }
  return (sec) => {
    const known = quotes.filter((quote) => quote.ts_us < sec * US_PER_SEC);
    return known.reduce((last, quote) => (quote.id > last.id ? quote : last)).mid_sum_e8;
  };
}

async function train(...flags: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const script = resolve("scripts", "train.ts");
  const child = Bun.spawn([process.execPath, script, ...flags], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

describe("rows of a tape", () => {
  it("carry the label a naive reading of the raw quotes gives, every one", async () => {
    const midSum = await midSums(tape);
    expect(dataset.rows).toBeGreaterThan(800);
    for (let row = 0; row < dataset.rows; row += 7) {
      const sec = dataset.ts_sec[row]!;
      expect(dataset.y[row]).toBe(lnr(midSum(sec + HORIZON_S), midSum(sec)));
    }
  });

  it("are all accounted for, and warm only after a whole block of history", () => {
    const { rows, rows_seen, removed, ts_sec } = dataset;
    expect(rows_seen).toBeGreaterThanOrEqual(1498);
    expect(rows + removed.not_warm + removed.null_feature + removed.no_label).toBe(rows_seen);
    const block_s = 300;
    const first_whole_block = Math.ceil(START_US / US_PER_SEC / block_s) * block_s;
    expect(ts_sec[0]).toBe(first_whole_block + block_s);
  });

  it("are the same rows every time", async () => {
    const again = await datasetOf(tape);
    expect(again.values).toEqual(dataset.values);
    expect(again.y).toEqual(dataset.y);
  });
});

describe("scripts/train.ts", () => {
  it("writes a bundle the service chooses and loads, and closes with every baseline and a verdict", async () => {
    const out = join(folder, "models");
    // A quarter of an hour passes no gate that asks for skill, so this one asks for speed alone.
    const gates = join(folder, "gates.json");
    const asked = { metric: "latency_p99_ms", operator: "<", limit: 30, required: true, claims_skill: false };
    await writeFile(gates, JSON.stringify([{ name: "latency", why: "it has to be quick", ...asked }]));
    const flags = ["--model", "ridge", "--tape", tape, "--out", out, "--gates", gates];
    const { code, stdout, stderr } = await train(...flags);
    expect([code, stderr]).toEqual([0, ""]);
    for (const line of [
      "ridge  ",
      "zero  ",
      "mean  ",
      "last return",
      "order flow",
      "no skill is shown|Too short",
    ]) {
      expect(stdout).toMatch(new RegExp(line));
    }
    const { dir } = await newestBundle(out, [v1]);
    expect(stdout).toContain(`bundle  ${dir}`);
    const model = await loadBundle(dir!);
    expect(model.manifest.data.sources[0]).toContain("simulator seed 3");
    await model.close();
  });

  it("names the flag and the remedy when it cannot", async () => {
    const wrong: [flags: string[], message: RegExp][] = [
      [["--tape", tape, "--since", "2026-11-01"], /expected tapes or a range .*, both were given/],
      [["--since", "2026-11-01", "--to", "2026-11-02"], /--since expected without --from and --to/],
      [["--since", "2199-01-01"], /--since a time past/],
      [["--tape", tape, "--model", "oracle"], /--model expected ridge, .* was oracle/],
      [["--tape", tape, "--train-share", "1"], /--train-share expected a number from 0\.05 to 0\.95, was 1/],
      [["--tape", tape, "--embargo-s", "5"], /--embargo-s expected a number from 60/],
      [["--tape", tape, "--name", "../x"], /--name expected lower-case/],
      [["--tape", tape, "--tapes", tape], /Unknown option '--tapes'/],
    ];
    for (const [flags, message] of wrong) expect(() => readSettings(flags)).toThrow(message);
    // A refused flag and a tape that is none end alike: one sentence, code 1, no stack.
    const started: [flags: string[], message: RegExp][] = [
      [["--tape", tape, "--model", "oracle"], /--model expected ridge, .* was oracle/],
      [["--tape", join(folder, "missing.tape")], /missing\.tape: expected a readable tape/],
    ];
    for (const [flags, message] of started) {
      const { code, stderr } = await train(...flags);
      expect(code).toBe(1);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain("    at ");
    }
  });

  it.skipIf(!recorded)("trains on the shared recording, and says itself that it is too short", async () => {
    const recording = join(folder, "recorded.tape");
    await writeTape(recording, await recordingSource(RECORDINGS));
    const out = join(folder, "recorded-models");
    const { code, stdout } = await train("--tape", recording, "--out", out, ...KINDS);
    expect(code).toBe(0);
    expect(stdout).toContain("Too short to prove skill");
    // Ten seconds of horizon, 600 of look-back, and nine more vectors that the sequence models read.
    expect(stdout).toContain("a full purge takes 619 s");
    expect(stdout).toContain("not servable, refused by: beats forecasting no move");
    expect((await newestBundle(out, [v1])).dir).toBeUndefined();
    const [version] = await readdir(join(out, "ridge-v1"));
    const model = await loadBundle(join(out, "ridge-v1", version!));
    expect(model.manifest.servable).toBe(false);
    await model.close();
  });
});
