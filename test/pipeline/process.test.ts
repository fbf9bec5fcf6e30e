/** The service as a process of its own: started by its environment, ended by a signal. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { PaperExchange } from "../../src/sim/exchange.ts";
import { simulatedSource } from "../../src/sim/simulator.ts";
import { START_US } from "../sim/markets.ts";
import { met } from "./running.ts";

const root = join(import.meta.dirname, "../..");
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function serve(environment: Record<string, string>): {
  process: ReturnType<typeof Bun.spawn>;
  said: () => string;
} {
  let text = "";
  const child = Bun.spawn([process.execPath, "scripts/serve.ts"], {
    cwd: root,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...environment },
    stdout: "ignore",
    stderr: "pipe",
  });
  cleanups.push(() => child.kill("SIGKILL"));
  void (async () => {
    for await (const chunk of child.stderr) text += new TextDecoder().decode(chunk);
  })();
  return { process: child, said: () => text };
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
  it("ends within seconds of Ctrl-C, with code 0, its database stopped and no process left", async () => {
    const source = simulatedSource({ seed: 3, start_us: START_US, levels: 50 });
    const exchange = new PaperExchange({ source, speed: 1, history_s: 700, start_on: "first_subscriber" });
    cleanups.push(() => exchange.close());
    const { ws_origin, rest_origin } = await exchange.start();
    const data_dir = mkdtempSync(join(tmpdir(), "foretick-test-"));
    cleanups.push(() => rmSync(data_dir, { recursive: true, force: true }));
    const { process: child, said } = serve({
      ...{ PORT: "0", HOST: "127.0.0.1", DATA_DIR: data_dir, MODEL_DIR: join(data_dir, "models") },
      ...{
        BINANCE_SBE_URL: ws_origin,
        BINANCE_REST_URL: rest_origin,
        BINANCE_API_KEY: "paper",
        LOG_FORMAT: "json",
      },
    });
    await met("the server", () => said().includes('"listening"'));
    const url = /"url":"(http:[^"]+)"/.exec(said())![1]!;
    await met("a prediction", async () => (await fetch(`${url}/latest`)).ok);
    const postmaster = join(data_dir, "postgres", "postmaster.pid");
    const pid = Number(readFileSync(postmaster, "utf8").split("\n")[0]);
    expect(gone(pid)).toBe(false);

    const begun = performance.now();
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(gone(pid)).toBe(true);
    expect(said()).toContain('"stopped"');
  });

  it("refuses a malformed setting with a sentence and code 1, and starts nothing", async () => {
    const { process: child, said } = serve({ PORT: "eighty" });
    expect(await child.exited).toBe(1);
    await met("the sentence", () => said().includes("PORT"));
    expect(said()).toContain("whole number");
    expect(said()).not.toContain("    at ");
  });
});
