/** What goes wrong on the way: bad files, a storm of refusals, pages that come short, a process killed. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectTo } from "../../../src/record/server/client.ts";
import type { ArchiveFault } from "../../../src/sim/exchange/archive.ts";
import type { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { onEveryServer } from "../server/servers.ts";
import { tempDir } from "../server/temp_dir.ts";
import { Backfiller, exchangeAfter, MIDNIGHT_US, STREAMED, storedRows } from "./world.ts";

const FIRST_DAY = "BTCUSDT-trades-2025-02-28.zip";
const ROOT = join(import.meta.dirname, "../../..");

onEveryServer("a backfill", (server) => {
  let exchange: PaperExchange;
  let origin: string;
  let backfiller: Backfiller;

  beforeAll(async () => {
    ({ exchange, origin } = await exchangeAfter());
    backfiller = new Backfiller(origin);
  });
  afterAll(async () => {
    await backfiller.close();
    await exchange.close();
  });

  const faults: [string, ArchiveFault][] = [
    ["damaged on its way", { kind: "corrupt", file: FIRST_DAY, times: 1 }],
    ["with a checksum of an earlier version", { kind: "stale_checksum", file: FIRST_DAY, times: 1 }],
    ["that breaks off", { kind: "cut", file: FIRST_DAY, times: 1 }],
    ["refused with 503", { kind: "status", status: 503, file: FIRST_DAY, times: 2 }],
    ["refused with 429", { kind: "status", status: 429, file: FIRST_DAY, times: 3 }],
  ];
  for (const [what, fault] of faults) {
    it(`fetches a file ${what} again, and misses nothing`, async () => {
      const database = await server.openDatabase();
      const { faults: struck } = exchange.archive.counters;
      exchange.archive.faults.splice(0, Number.POSITIVE_INFINITY, { ...fault });
      const { times } = fault;
      const result = await backfiller.byArchive(database, "trades", { check: false });
      expect(exchange.archive.counters.faults).toBe(struck + times);
      expect(result).toMatchObject({ is_complete: true, tally: { quarantined: [], days_loaded: 2 } });
      expect(await storedRows(database)).toEqual(STREAMED);
    });
  }

  for (const kind of ["corrupt", "stale_checksum", "bad_zip"] as const) {
    it(`sets a file aside that stays bad (${kind}), by name, loads the others, and completes when it is mended`, async () => {
      const database = await server.openDatabase();
      exchange.archive.faults.splice(0, Number.POSITIVE_INFINITY, { kind, file: FIRST_DAY, times: 99 });
      const bad = await backfiller.byArchive(database, "trades", { rest: undefined, check: false });
      expect(bad).toMatchObject({
        is_complete: false,
        tally: { quarantined: [{ file: FIRST_DAY }], days_failed: 1, days_loaded: 1 },
      });
      expect(existsSync(join(backfiller.cache_dir, "quarantine", FIRST_DAY))).toBe(true);
      const second_day = STREAMED.filter((row) => row[2] >= MIDNIGHT_US);
      const stored = (await storedRows(database)).filter((row) => row[2] >= MIDNIGHT_US);
      expect(stored).toEqual(second_day);

      exchange.archive.faults.length = 0;
      const mended = await backfiller.byArchive(database, "trades", { check: false });
      expect(mended).toMatchObject({ is_complete: true, tally: { days_known: 1, days_loaded: 1 } });
      expect(await storedRows(database)).toEqual(STREAMED);
    });
  }

  for (const kind of ["trades", "aggTrades"] as const) {
    it(`survives pages of ${kind} that come short or break off`, async () => {
      for (const how of ["short", "cut"] as const) {
        const database = await server.openDatabase();
        const { truncated } = exchange.rest.counters;
        exchange.rest.truncateNext(how, 4);
        const result = await backfiller.byRest(database, kind, { check: false });
        expect(exchange.rest.counters.truncated).toBe(truncated + 4);
        expect(result).toMatchObject({ is_complete: true, report: { n: STREAMED.length, missing_count: 0 } });
      }
    });
  }

  it("waits out many answers of 429 for as long as they say, and misses nothing", async () => {
    const database = await server.openDatabase();
    const { limited } = exchange.rest.counters;
    exchange.rest.refuseFor(2);
    const begun = performance.now();
    const result = await backfiller.byRest(database, "trades", { check: false });
    expect(performance.now() - begun).toBeGreaterThan(1_900);
    expect(exchange.rest.counters.limited - limited).toBeLessThan(5);
    expect(result.is_complete).toBe(true);
    expect(await storedRows(database)).toEqual(STREAMED);
  });

  it("ends with a sentence where the key is refused (-2014), asked once, and names what to set", async () => {
    const refusing = refusingKey();
    try {
      const database = await server.openDatabase();
      const child = command(database.url, refusing.origin, "rest", { BINANCE_API_KEY: "k3y-of-mine" });
      expect(await child.process.exited).toBe(1);
      expect(child.said()).toContain("(code -2014: API-key format invalid.)");
      expect(child.said()).toContain("set BINANCE_API_KEY to a key of the exchange");
      expect(child.said()).not.toMatch(/k3y-of-mine|\n\s+at /);
      expect(refusing.asked()).toBe(1);
    } finally {
      await refusing.stop();
    }
  });

  for (const source of ["archive", "rest"] as const) {
    it(`goes on after SIGKILL in the middle (${source}), without a gap and without a double`, async () => {
      const database = await server.openDatabase();
      const begin = () => command(database.url, origin, source);
      const killed = begin();
      const counted = async (): Promise<number> => {
        const [row] = await database.sql<{ n: string }[]>`select count(*) as n from trades`;
        return Number(row!.n);
      };
      // A lock that every insert waits for holds the process in the middle of its work.
      const blocker = connectTo(database.url);
      try {
        while ((await counted()) === 0) await Bun.sleep(1);
        await blocker`begin`;
        await blocker`lock table trades in share row exclusive mode`;
        const at_kill = await counted();
        killed.process.kill("SIGKILL");
        await killed.process.exited;
        expect(at_kill).toBeGreaterThan(0);
        expect(at_kill).toBeLessThan(STREAMED.length);
      } finally {
        await blocker`rollback`;
        await blocker.end();
      }
      const again = begin();
      expect(await again.process.exited, again.said()).toBe(0);
      expect(again.said()).toContain("complete");
      expect(again.said()).toContain("klines   8 minutes agree");
      expect(await storedRows(database)).toEqual(STREAMED);
    });
  }
});

/** An exchange that takes no request with this key. */
function refusingKey() {
  let asked = 0;
  const server = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch: () => {
      asked++;
      return Response.json({ code: -2014, msg: "API-key format invalid." }, { status: 401 });
    },
  });
  return { origin: server.url.origin, asked: () => asked, stop: () => server.stop(true) };
}

describe("the backfill command", () => {
  it("refuses what it does not understand with a sentence and code 1", async () => {
    const child = command("postgres://nobody@127.0.0.1:1/none", "http://127.0.0.1:1", "ftp");
    expect(await child.process.exited).toBe(1);
    expect(child.said()).toContain("--source expected archive or rest, was ftp");
  });
});

function command(url: string, origin: string, source: string, more: Readonly<Record<string, string>> = {}) {
  let text = "";
  const args = ["--source", source, "--from", "2025-02-28", "--to", "2025-03-02", "--batch-rows", "200"];
  const child = Bun.spawn([process.execPath, "scripts/backfill.ts", ...args], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? "",
      ...{ DATABASE_URL: url, DATA_DIR: tempDir(), ARCHIVE_URL: origin, BINANCE_REST_URL: origin },
      LOG_FORMAT: "json",
      ...more,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  for (const stream of [child.stdout, child.stderr]) {
    void (async () => {
      for await (const chunk of stream) text += new TextDecoder().decode(chunk);
    })();
  }
  return { process: child, said: () => text };
}
