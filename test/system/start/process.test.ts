/** The service as a process of its own: started by its environment, ended by a signal. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met } from "../running.ts";
import { ServiceProcess } from "./service_process.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function serve(environment: Record<string, string>): ServiceProcess {
  const service = new ServiceProcess(environment);
  cleanups.push(() => service.discard());
  return service;
}

/** Whether a process that was told to end has. */
function gone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

describe("the service as a process", () => {
  it("ends after Ctrl-C, with code 0, its database stopped and no process left", async () => {
    const source = simulatedSource({ seed: 3, start_us: START_US, ...QUIET });
    const exchange = new PaperExchange({ source, speed: 1, history_s: 700, start_on: "first_subscriber" });
    cleanups.push(() => exchange.close());
    const { ws_origin, rest_origin } = await exchange.start();
    const data_dir = mkdtempSync(join(tmpdir(), "foretick-test-"));
    cleanups.push(() => rmSync(data_dir, { recursive: true, force: true }));
    const service = serve({
      ...{ PORT: "0", HOST: "127.0.0.1", DATA_DIR: data_dir, MODEL_DIR: join(data_dir, "models") },
      ...{ BINANCE_SBE_URL: ws_origin, BINANCE_REST_URL: rest_origin, BINANCE_API_KEY: "paper" },
      // A proxy of other hosts, which does not answer here.
      ...{ HTTP_PROXY: "http://127.0.0.1:1", http_proxy: "http://127.0.0.1:1" },
    });
    const { url } = await service.listening();
    // Its look-back is there: REST and streams of this machine are not asked by way of the proxy.
    await met("a warm prediction", async () => {
      const answer = await fetch(`${url}/latest`);
      return answer.ok && ((await answer.json()) as { warm: boolean }).warm;
    });
    // On a busy machine the service starts before its database has answered.
    await met("the database", async () => {
      const { dependencies } = (await (await fetch(`${url}/health`)).json()) as {
        readonly dependencies: readonly { readonly name: string; readonly state: string }[];
      };
      return dependencies.some(({ name, state }) => name === "database" && state === "ok");
    });
    const postmaster = join(data_dir, "postgres", "postmaster.pid");
    const pid = Number(readFileSync(postmaster, "utf8").split("\n")[0]);
    expect(gone(pid)).toBe(false);

    expect(await service.end("SIGINT")).toBe(0);
    expect(gone(pid)).toBe(true);
    expect(service.said).toContain("stopped: everything is in the database");
  });

  it("says in one sentence what the system does not let it do, with code 1 and no stack", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "foretick-test-")), "file");
    writeFileSync(file, "");
    cleanups.push(() => rmSync(dirname(file), { recursive: true, force: true }));
    const service = serve({ PORT: "0", DATA_DIR: join(file, "data"), LOG_FORMAT: "auto" });
    expect(await service.exited).toBe(1);
    await met("the sentence", () => service.said.includes("ENOTDIR"));
    expect(service.said).toContain(`${join(file, "data")} expected to be written to, was refused (ENOTDIR)`);
    expect(service.said).toContain("set DATA_DIR to another folder");
    expect(service.said).not.toMatch(/^\s+at /m);
  });

  it("refuses a malformed setting with a sentence and code 1, and starts nothing", async () => {
    const service = serve({ PORT: "eighty", LOG_FORMAT: "auto" });
    expect(await service.exited).toBe(1);
    await met("the sentence", () => service.said.includes("PORT"));
    expect(service.said).toContain("whole number");
    expect(service.said).not.toContain("    at ");
  });
});
