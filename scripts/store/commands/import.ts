/** `bun run models import`: a file made elsewhere, tried on stored rows, as a registered bundle. */

import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import type { Config } from "../../../src/base/config.ts";
import { describeError, fail } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { LABELS } from "../../../src/features/label.ts";
import { segment } from "../../../src/model/bundle/manifest.ts";
import { readGates } from "../../../src/model/gates.ts";
import { barsOfReader } from "../../../src/record/bars/bars_of_reader.ts";
import { registryOf } from "../../../src/record/registry/registry_of.ts";
import { readHistory, type TrainingData } from "../../../src/train/course/data.ts";
import { usualOrder } from "../../../src/train/course/order.ts";
import { importModel } from "../../../src/train/import/import_model.ts";
import { importedGraph } from "../../../src/train/import/imported_model.ts";
import { rangeFlags, setFlag, wholeRange } from "../../flags/range.ts";
import { type Flags, textFlags } from "../../flags/source.ts";
import { ProgressBar } from "../../lines/progress/progress_bar.ts";
import { progressOn } from "../../lines/progress/read_progress.ts";
import { describeBundle, describeRun, describeScores } from "../../lines/train.ts";
import { actorOf, withStore } from "../with_store.ts";

/**
 * @param path of an `.onnx` file.
 * @returns the lines to print.
 * @throws ForetickError CONFIG_INVALID; ONNX_MALFORMED, ONNX_REFUSED before any row is read; TRAIN_DATA; what the registry
 * throws.
 */
export async function importCommand(
  path: string,
  flags: Flags,
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const set =
    setFlag(flags) ?? fail("CONFIG_INVALID", "--set expected the feature set it was trained on, e.g. v1");
  const label =
    LABELS.find((name) => name === flags.label) ??
    fail("CONFIG_INVALID", `--label expected ${LABELS.join(" or ")}, what it forecasts, was ${flags.label}`);
  const { name } = textFlags(flags, ["name"]);
  if (name !== undefined && !segment.safeParse(name).success) {
    fail("CONFIG_INVALID", `--name expected lower-case letters, digits, . _ -, was ${name}`);
  }
  const graph = await importedGraph(await bytesOf(path), set);
  const usual = usualOrder(systemClock.now(), config.model_dir);
  const { version = usual.version } = textFlags(flags, ["version"]);
  if (!segment.safeParse(version).success) {
    fail("CONFIG_INVALID", `--version expected lower-case letters, digits, . _ -, was ${version}`);
  }
  const order = {
    ...usual,
    seal: config.bundle_key,
    set,
    label,
    name,
    version,
    gates: String(flags.gates ?? usual.gates),
  };
  const gates = await readGates(order.gates);
  const range = rangeFlags(flags, environment) ?? wholeRange(flags, environment);
  return withStore({ config, url: range.database_url, use: "write" }, async (database, log) => {
    const lines: string[] = [];
    const bar = new ProgressBar(systemClock, process.stderr);
    const listener = {
      said: (about: string, sentence: string): void => void lines.push(`${about.padEnd(7)} ${sentence}`),
      read: progressOn(bar, "read", range.symbol, set),
      readEnded: () => bar.clear(),
    };
    const bars = await barsOfReader({ database, clock: systemClock, log });
    let data: TrainingData;
    try {
      data = await readHistory({ database, bars }, range, order, listener);
    } finally {
      await bars.close();
    }
    data.sources.push(`imported from ${basename(path)}`);
    const { dir, dataset, run, finished } = await importModel(graph, data, order, gates);
    const registry = registryOf(database.sql, config, systemClock);
    const { reason = `imported from ${basename(path)}` } = textFlags(flags, ["reason"]);
    const registered = await registry.register({ actor: actorOf(flags) }, { dir, reason });
    return [
      ...lines,
      ...describeRun(dataset, run),
      ...describeScores(dataset, run),
      ...describeBundle(dir, finished),
      `${registered.version} is registered`,
      `to serve it: bun run models promote ${registered.version}`,
    ];
  });
}

/** @throws ForetickError CONFIG_INVALID where there is no such file; ONNX_REFUSED where it is too large to be read. */
async function bytesOf(path: string): Promise<Uint8Array> {
  const missing = (error: unknown): never =>
    fail("CONFIG_INVALID", `${path} expected a readable .onnx file: ${describeError(error)}`, {
      cause: error,
    });
  const { size } = await stat(path).catch(missing);
  if (size > LIMITS.model_bytes_max) {
    fail(
      "ONNX_REFUSED",
      `${path} expected at most ${LIMITS.model_bytes_max} bytes, was ${size}: make the model smaller`,
    );
  }
  return await readFile(path).catch(missing);
}
