/** A checkout in a folder whose path has spaces and accents: the service starts there by the one command there is. */

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { tempDir } from "../../record/server/temp_dir.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met } from "../running.ts";
import { ServiceProcess } from "./service_process.ts";

const root = join(import.meta.dirname, "../../..");
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** The files of this checkout as they are now, with the modules that are installed here. */
function checkoutIn(folder: string): void {
  for (const name of ["src", "sql", "scripts", "models", "ops", "package.json", "package-lock.json"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  for (const name of readdirSync(join(root, "node_modules")))
    if (name !== ".installed-lockfile") symlinkSync(join(root, "node_modules", name), join(modules, name));
  // What scripts/bootstrap.mjs leaves once it has installed what the lockfile pins.
  const lockfile = readFileSync(join(root, "package-lock.json"));
  writeFileSync(join(modules, ".installed-lockfile"), createHash("sha256").update(lockfile).digest("hex"));
}

it("serves the page and a forecast, its database and its data below that folder too", async () => {
  const outside = tempDir();
  cleanups.push(() => rmSync(outside, { recursive: true, force: true }));
  const folder = join(outside, "mein Hüs", "50% für 日本 #1");
  mkdirSync(folder, { recursive: true });
  checkoutIn(folder);
  const source = simulatedSource({ seed: 3, start_us: START_US, ...QUIET });
  const exchange = new PaperExchange({ source, speed: 1, history_s: 700, start_on: "first_subscriber" });
  const { ws_origin, rest_origin } = await exchange.start();
  cleanups.push(() => exchange.close());

  const service = new ServiceProcess(
    {
      ...{ HOST: "127.0.0.1", PORT: "0" },
      ...{ BINANCE_SBE_URL: ws_origin, BINANCE_REST_URL: rest_origin, BINANCE_API_KEY: "paper" },
    },
    { cwd: folder, command: ["scripts/bootstrap.mjs", "serve"] },
  );
  cleanups.push(async () => expect([await service.end("SIGTERM"), service.said]).toEqual([0, service.said]));
  const { url } = await service.listening();
  await met("a forecast", async () => (await fetch(`${url}/latest`)).ok);
  expect((await fetch(url)).headers.get("content-type")).toContain("text/html");
  expect(readdirSync(join(folder, ".data"))).toContain("postgres");
});
