/** The examples of docs/api.md, run as they stand there against a service that listens. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { readConfig } from "../../src/base/config.ts";
import { silentLogger } from "../../src/base/log.ts";
import { v1 } from "../../src/features/sets/v1.ts";
import { writeBundle } from "../../src/model/bundle/bundle.ts";
import { ZeroModel } from "../../src/model/zero_model.ts";
import { Calibrations } from "../../src/predict/calibrations.ts";
import { Access } from "../../src/serve/access/access.ts";
import { type RunningServer, startServer } from "../../src/serve/server.ts";
import { AskedModels } from "../../src/system/asked/asked_models.ts";
import { Asks } from "../../src/system/asked/asks.ts";
import { freshFolder, removeFolders, sampleContents, sampleVector } from "../model/sample.ts";
import { FakeMarket } from "./fake_market.ts";

const docs = await Bun.file(new URL("../../docs/api.md", import.meta.url)).text();
const example = (name: string): string =>
  new RegExp(`\`\`\`\\w+\\n# example: ${name}\\n([^]*?)\`\`\``).exec(docs)?.[1] ?? `no example ${name}`;

const folder = await freshFolder();
let server: RunningServer;
let models: AskedModels;

beforeAll(async () => {
  await writeBundle(folder, sampleContents({ version: "1" }));
  const features = Object.fromEntries(v1.names.map((name, at) => [name, sampleVector(5)[at]!]));
  const request = { symbol: "BTCUSDT", features, model_version: "ridge-v1/1" };
  writeFileSync(join(folder, "request.json"), JSON.stringify(request));
  models = new AskedModels({ model_dir: folder, clock: systemClock, log: silentLogger });
  const symbol = { champion: new ZeroModel(v1), calibrations: new Calibrations(), priceOf: () => null };
  const parts = {
    models,
    membersOf: async () => undefined,
    settings: readConfig({}),
    busy_ms: 0,
    clock: systemClock,
  };
  class Market extends FakeMarket {
    readonly asks = new Asks({ ...parts, symbolOf: () => symbol });
  }
  const key = {
    ...{ fits: () => true, any: async () => true },
    identify: async (text: string) =>
      text === "a-key" ? { actor: "desk", role: "client" as const, id: "desk" } : "it is not known here",
  };
  const access = new Access({ public_read: true, credentials: [key] });
  server = await startServer({
    ports: new Market(),
    port: 0,
    hostname: "127.0.0.1",
    log: silentLogger,
    access,
  });
});

afterAll(async () => {
  await server.close();
  await models.close();
  await removeFolders();
});

async function run(command: readonly string[]): Promise<string> {
  const env = { ...process.env, FORETICK: server.url, KEY: "a-key", no_proxy: "127.0.0.1,localhost" };
  const child = Bun.spawn([...command], { cwd: folder, env, stdout: "pipe", stderr: "pipe" });
  const [out, err] = [await new Response(child.stdout).text(), await new Response(child.stderr).text()];
  expect([await child.exited, err]).toEqual([0, ""]);
  return out;
}

describe("the examples of docs/api.md", () => {
  it("ask for a forecast with curl", async () => {
    const answer = JSON.parse(await run(["sh", "-c", example("curl")]));
    expect(answer).toMatchObject({ symbol: "BTCUSDT", model_version: "ridge-v1/1" });
  });

  it("ask for a forecast with Python's standard library", async () => {
    expect(await run(["python3", "-c", example("python")])).toMatch(/^(BUY|HOLD|SELL) -?\d/);
  });
});
