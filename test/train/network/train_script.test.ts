import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSettings } from "../../../scripts/flags/train_settings.ts";
import { US_PER_SEC } from "../../../src/base/units.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import { loadBundle } from "../../../src/model/bundle/bundle.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { QUIET } from "../../sim/markets.ts";

let folder = "";
let tape = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "foretick-train-script-"));
  tape = join(folder, "simulated.tape");
  const source = simulatedSource({
    ...QUIET,
    seed: 4,
    start_us: 1_760_000_000 * US_PER_SEC,
    r2: 0.05,
    depth: false,
  });
  await writeTape(tape, source, { seconds: 1_800 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(...flags: string[]) {
  const command = [process.execPath, "scripts/train.ts", "--tape", tape, ...flags];
  const { DATABASE_URL: _, MLFLOW_TRACKING_URI: __, ...env } = process.env;
  return Bun.spawn(command, { stdout: "pipe", stderr: "pipe", env });
}

/** The bundle of the model asked for, by the script's own words. */
const bundleDir = (stdout: string): string => /bundle {2}(\S+)/.exec(stdout)![1]!;

describe("scripts/train.ts with networks", () => {
  it("on Ctrl-C keeps the best so far, scores it and writes it", async () => {
    const child = start("--model", "lstm", "--out", join(folder, "interrupted"));
    let stdout = "";
    let sent = false;
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      stdout += chunk;
      if (!sent && /epoch +2\//.test(stdout)) {
        child.kill("SIGINT");
        sent = true;
      }
    }
    const [code, stderr] = await Promise.all([child.exited, new Response(child.stderr).text()]);
    expect([code, stderr.trim()]).toEqual([
      0,
      "stopping; the best so far is kept (Ctrl-C again ends at once)",
    ]);
    expect(stdout).toContain("ended by aborted");
    const model = await loadBundle(bundleDir(stdout));
    expect(model).toMatchObject({ sequence_length: 10 });
    expect(model.manifest.parameters).toMatchObject({ ended: "aborted" });
    expect(model.manifest.latency!.runs).toBe(1_000);
    await model.close();
  });

  it("searches, and goes on from its state file", async () => {
    const out = join(folder, "searched");
    const flags = ["--model", "mlp", "--search", "--population", "2", "--generations", "2", "--out", out];
    const first = start(...flags, "--version", "1");
    const said = await new Response(first.stdout).text();
    expect(said).toMatch(/search {2}generation 2\/2, trial 2\/2/);
    const state = await readFile(join(out, ".search-mlp.json"), "utf8");
    const again = start(...flags, "--version", "2");
    await again.exited;
    expect(await readFile(join(out, ".search-mlp.json"), "utf8")).toBe(state);
    const onnx = (version: string) => readFile(join(out, "mlp-v1", version, "model.onnx"));
    expect(await onnx("2")).toEqual(await onnx("1"));
  });

  it("says which flag is wrong", () => {
    const wrong: [flags: string[], message: RegExp][] = [
      [["--search"], /--search expected one network, was --model all/],
      [["--model", "mlp,lstm", "--search"], /--search expected one network, was --model mlp,lstm/],
      [["--model", "mlp", "--search", "--population", "1"], /--population expected a number from 2 to 200/],
      [["--model", "mlp", "--search", "--generations", "1.5"], /--generations expected a whole number/],
      [["--model", "mlp", "--backend", "gpu"], /--backend expected native, wasm, cpu, was gpu/],
      [["--model", "mlp,lstm", "--name", "x"], /--name expected one model, there are 2/],
    ];
    for (const [flags, message] of wrong) {
      expect(() => readSettings(["--tape", tape, ...flags])).toThrow(message);
    }
  });
});
