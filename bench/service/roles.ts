/**
 * What do models beside the champion cost the champion?
 *
 * The whole service at a paper exchange at speed 1, both in processes of their own. In one run the champion makes its
 * forecasts alone and with four shadows, by turns: the shadows are given their role and lose it while the
 * service runs. A figure is from a second's close to the champion's forecast, as the service says it of each
 * (`latency_ms`). The peer is the champion alone in the same run.
 *
 *   bun bench/service/roles.ts [--seconds 120] [--turns 4]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fail } from "../../src/base/errors.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { writeBundle } from "../../src/model/bundle/bundle.ts";
import {
  columnsFile,
  GOLDEN_FILE,
  MODEL_FILE,
  readVerified,
  SCALER_FILE,
} from "../../src/model/bundle/files.ts";
import { newestBundle } from "../../src/model/bundle/newest.ts";
import { commandBeside, ForecastWatch, LATENCY_HEAD, latencyCells, p99Ratio } from "../peers/forecasts.ts";
import { machine, printAim, printTable } from "../peers/measure.ts";
import { firstForecast, startExchange, startService } from "../peers/processes.ts";
import { benchModels } from "../peers/stage.ts";

const SHADOWS = 4;
const AIM_RATIO = 1.1;
/** Ticks left out at the beginning of each turn: a model has just been loaded. */
const SETTLING_TICKS = 5;

/** The bench's model under five names: each is a session of its own. */
async function models(model_dir: string): Promise<readonly string[]> {
  const { dir } = await newestBundle(await benchModels(), [v1]);
  const { manifest, contents } = await readVerified(
    dir ?? fail("BUNDLE_INVALID", "expected a model, was none"),
  );
  const json = (file: string) => JSON.parse(new TextDecoder().decode(contents.get(file)));
  const versions: string[] = [];
  for (const name of ["champion", ...Array.from({ length: SHADOWS }, (_, at) => `shadow-${at}`)]) {
    await writeBundle(model_dir, {
      manifest: { ...manifest, name, version: "1" },
      model_onnx: contents.get(MODEL_FILE)!,
      scaler: json(SCALER_FILE),
      columns: json(columnsFile(manifest.feature_set)),
      golden: json(GOLDEN_FILE),
    });
    versions.push(`${name}/1`);
  }
  return versions;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: "string", default: "120" }, turns: { type: "string", default: "4" } },
  });
  console.log(machine());
  const model_dir = mkdtempSync(join(tmpdir(), "foretick-roles-"));
  const versions = await models(model_dir);
  const exchange = await startExchange(["--simulate"]);
  const service = await startService(exchange, { MODEL_DIR: model_dir });
  const command = (...words: readonly string[]): string =>
    commandBeside(service, model_dir, "models", ...words);
  const taken = new Map<number, number[]>([0, SHADOWS].map((count) => [count, []]));
  try {
    await firstForecast(service);
    for (const version of versions) command("register", version);
    const [champion, ...shadows] = versions;
    command("promote", champion!);
    const watch = new ForecastWatch(service, "champion");
    const others = new ForecastWatch(service, "shadow");
    for (let turn = 0; turn < Number(values.turns); turn++) {
      const count = turn % 2 === 0 ? 0 : SHADOWS;
      for (const version of shadows) command("role", version, count === 0 ? "none" : "shadow");
      await Bun.sleep(1_000 * SETTLING_TICKS);
      watch.clear();
      others.clear();
      await Bun.sleep(1_000 * Number(values.seconds));
      taken.get(count)!.push(...watch.taken_ms);
      const scored = others.taken_ms.length / watch.taken_ms.length;
      if (Math.abs(scored - count) > 0.1)
        fail("INVARIANT", `expected ${count} shadows a tick, was ${scored}`);
    }
    watch.close();
    others.close();
  } finally {
    await service.close();
    await exchange.close();
    rmSync(model_dir, { recursive: true, force: true });
  }
  printTable(
    LATENCY_HEAD,
    [...taken].map(([count, ms]) => latencyCells(count === 0 ? "alone" : `with ${count} shadows`, ms)),
  );
  const ratio = p99Ratio(taken.get(SHADOWS)!, taken.get(0)!);
  printAim(
    `p99 with ${SHADOWS} shadows within ${AIM_RATIO} × alone, was ${ratio.toFixed(2)}`,
    ratio <= AIM_RATIO,
  );
}

await main();
