/** The doctor at a service's surroundings, whole and broken: each fault is a real one, and each is told with what to do. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { begin, type Named } from "../../scripts/doctor/check.ts";
import { doctor } from "../../scripts/doctor/doctor.ts";
import { memory, openFiles } from "../../scripts/doctor/machine.ts";
import { doctorLine, doctorSummary } from "../../scripts/lines/doctor.ts";
import { ManualClock, systemClock } from "../../src/base/clock.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { writeBundle } from "../../src/model/bundle/bundle.ts";
import { startServer } from "../../src/serve/server.ts";
import { PaperExchange } from "../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";
import { sampleContents } from "../model/sample.ts";
import { hasRedis, RedisServer } from "../record/redis/redis_server.ts";
import { onEveryServer } from "../record/server/servers.ts";
import { tempDir } from "../record/server/temp_dir.ts";
import { FakeMarket } from "../serve/fake_market.ts";

const HISTORY_S = 30;
const SECRET = "s3cret-and-wrong";

/** Loaded machines have little of it: these are held to their bounds by their own tests. */
const MACHINE = ["disk", "memory", "open files"];

async function examine(environment: Record<string, string | undefined>): Promise<Map<string, Named>> {
  const found = new Map<string, Named>();
  for await (const one of doctor({ DATA_DIR: dir, MODEL_DIR: join(dir, "models"), ...environment })) {
    expect(JSON.stringify(one)).not.toContain(SECRET);
    found.set(one.check, one);
  }
  return found;
}

let dir = "";
const closing: (() => unknown)[] = [];
beforeAll(() => {
  dir = tempDir();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function paperExchange() {
  const exchange = new PaperExchange({
    source: simulatedSource({ seed: 7, start_us: systemClock.now() - HISTORY_S * 1e6, levels: 20 }),
    ...{ speed: 1, history_s: HISTORY_S, shift_to_now: true },
  });
  const { ws_origin, rest_origin } = await exchange.start();
  closing.push(() => exchange.close());
  return { exchange, environment: { BINANCE_SBE_URL: ws_origin, BINANCE_REST_URL: rest_origin } };
}

/** An HTTP server that answers everything with one status. */
function refusing(status: number): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("no", { status }) });
  closing.push(() => server.stop(true));
  return `127.0.0.1:${server.port}`;
}

/** A port that something else holds. */
async function heldPort(): Promise<string> {
  const server: Server = createServer((socket) => socket.end("SSH-2.0-other\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return String((server.address() as { port: number }).port);
}

const CLOSED = "127.0.0.1:1";
const nowhere = { BINANCE_REST_URL: `http://${CLOSED}`, BINANCE_SBE_URL: `ws://${CLOSED}` };

onEveryServer("the doctor", (server) => {
  it("finds nothing wrong where everything is there, and says what is", async () => {
    const database = await server.openDatabase();
    const { environment } = await paperExchange();
    const models = join(dir, "good");
    await writeBundle(models, sampleContents());
    const redis = hasRedis ? await RedisServer.start() : undefined;
    if (redis) closing.push(() => redis.kill());
    const found = await examine({
      ...{ ...environment, BINANCE_API_KEY: "paper", DATABASE_URL: database.url, MODEL_DIR: models },
      ...{ PORT: "0", REDIS_URL: redis?.url },
    });
    const told = [...found.values()].filter(({ check }) => !MACHINE.includes(check));
    expect(told.filter(({ state }) => state !== "ok")).toEqual([]);
    const says = (check: string): string => found.get(check)!.found;
    expect(says("exchange")).toMatch(/^http:\/\/127\.0\.0\.1:\d+ answers, in \d+ ms$/);
    expect(says("streams")).toMatch(/takes the key and the subscription/);
    expect(says("symbols")).toBe("BTCUSDT trades");
    expect(says("database")).toMatch(/^PostgreSQL \d+.*schema \d+, at .*a session keeps its server$/);
    expect(says("database rights")).toMatch(/may do what a service does/);
    expect(says("database TLS")).toBe("not encrypted: it is on this machine");
    expect(says("model")).toMatch(/^ridge-v1\/1 \(newest bundle\) loads, and its golden vectors hold$/);
    if (redis) expect(says("Redis")).toMatch(/takes batches/);
    expect(says("data folder")).toBe(`${dir} can be written`);
  });

  it("names each thing that is not there, away or refuses, all in one run", async () => {
    const wrong = new URL(await server.emptyDatabase());
    wrong.pathname = "/nowhere";
    wrong.password = SECRET;
    writeFileSync(join(dir, "file"), "");
    const found = await examine({
      ...{ ...nowhere, DATABASE_URL: wrong.href, REDIS_URL: `redis://:${SECRET}@${CLOSED}` },
      ...{ DATA_DIR: join(dir, "file", "data"), PORT: await heldPort(), HOST: "127.0.0.1" },
    });
    const failing = (check: string) => expect({ check, ...found.get(check) });
    failing("exchange").toMatchObject({
      state: "FAIL",
      found: expect.stringContaining("REST_UNREACHABLE"),
      remedy: expect.stringContaining("check the network"),
    });
    failing("streams").toMatchObject({ state: "FAIL", found: expect.stringContaining("WS_HANDSHAKE") });
    failing("database").toMatchObject({
      state: "FAIL",
      remedy: expect.stringMatching(/DATABASE_URL|create database/),
    });
    failing("Redis").toMatchObject({ state: "FAIL", remedy: expect.stringContaining("Start Redis") });
    failing("data folder").toMatchObject({ state: "FAIL", remedy: expect.stringContaining("set DATA_DIR") });
    failing("port").toMatchObject({ state: "FAIL", found: expect.stringContaining("another program") });
    failing("model").toMatchObject({ state: "warn", remedy: expect.stringContaining("bun run train") });
    expect(found.get("database schema")).toBeUndefined();
  });

  it("sees tables that are still to be made, a key that is missing, a clock that is off, rows and bundles that are broken", async () => {
    const url = await server.emptyDatabase();
    const { exchange, environment } = await paperExchange();
    exchange.faults.server_shift_us = 5_000_000;
    const models = join(dir, "broken");
    const bundle = await writeBundle(models, sampleContents());
    const scaler = join(bundle, "scaler.json");
    writeFileSync(scaler, readFileSync(scaler, "utf8").replace(/\d/, "9"));
    const data_dir = join(dir, "rows");
    mkdirSync(join(data_dir, "journal"), { recursive: true });
    const refused = { table: "trades", error: "no", row: {} };
    writeFileSync(join(data_dir, "journal", "rejected.ndjson"), `${JSON.stringify(refused)}\n`);
    writeFileSync(join(data_dir, "journal", "trades.000000000001.ndjson"), "{}\n{}\n");
    const at = { ...environment, DATABASE_URL: url, MODEL_DIR: models, DATA_DIR: data_dir, PORT: "0" };
    const found = await examine(at);
    expect(found.get("clock")).toMatchObject({
      state: "FAIL",
      found: expect.stringMatching(/^this clock is [45]\d{3} ms behind the exchange's/),
      remedy: expect.stringContaining("NTP"),
    });
    expect(found.get("streams")).toMatchObject({
      state: "FAIL",
      found: expect.stringMatching(/was 40[01]/),
      remedy: expect.stringContaining("set BINANCE_API_KEY"),
    });
    expect(found.get("database schema")).toMatchObject({
      state: "ok",
      found: expect.stringMatching(/^no tables of foretick: the next start brings it to \d+$/),
    });
    expect(found.get("model")).toMatchObject({
      state: "FAIL",
      found: expect.stringContaining("BUNDLE_HASH"),
    });
    expect(found.get("journal")).toMatchObject({
      state: "warn",
      found: "2 rows wait for the database, 1 were refused by it",
      remedy: expect.stringContaining("bun run journal replay"),
    });

    exchange.faults.server_shift_us = -1_200_000;
    const off = await examine({ ...at, MIGRATE: "off", SYMBOLS: "BTCUSDT,NOSUCH" });
    expect(off.get("clock")).toMatchObject({ state: "warn", found: expect.stringContaining("ahead of") });
    expect(off.get("database schema")).toMatchObject({
      state: "FAIL",
      remedy: expect.stringContaining("bun run migrate"),
    });
    expect(off.get("symbols")).toMatchObject({ state: "FAIL" });
  });
});

describe("the doctor", () => {
  it("says in words that a region or an address is refused", async () => {
    for (const [status, words] of [
      [451, /does not serve this region.*run from another one/],
      [403, /the address is blocked there/],
    ] as const) {
      const place = refusing(status);
      const found = await examine({
        ...{ BINANCE_REST_URL: `http://${place}`, BINANCE_SBE_URL: `ws://${place}`, PORT: "0" },
      });
      expect(found.get("exchange")).toMatchObject({ state: "FAIL" });
      expect(JSON.stringify(found.get("exchange"))).toMatch(words);
      expect(found.get("streams")).toMatchObject({
        state: "FAIL",
        found: expect.stringContaining(String(status)),
      });
    }
  });

  it("asks a foretick that holds the port how it is, and says what of it is not well", async () => {
    const market = new FakeMarket();
    const running = await startServer({
      ...{ ports: market, port: 0, hostname: "127.0.0.1", log: silentLogger },
    });
    closing.push(() => running.close());
    const at = { ...nowhere, PORT: String(running.port), HOST: "127.0.0.1" };
    expect((await examine(at)).get("port")).toMatchObject({
      state: "ok",
      found: expect.stringMatching(/held by a running foretick .*, ok$/),
    });
    market.dependencies = [{ name: "database", state: "degraded", reason: "it is slow", facts: {} }];
    expect((await examine(at)).get("port")).toMatchObject({
      state: "warn",
      found: expect.stringContaining("database: it is slow"),
    });
  });

  it("names every setting that is wrong, looks at what does not rely on them, and shows no secret", async () => {
    const found = await examine({
      ...nowhere,
      PORT: "eighty",
      DATABASE_URL: `mysql://user:${SECRET}@host/db`,
      BINANCE_API_KEYS: SECRET,
    });
    expect(found.get("configuration")).toMatchObject({ state: "FAIL" });
    for (const name of ["PORT", "DATABASE_URL", "BINANCE_API_KEYS"]) {
      expect(found.get("configuration")!.found).toContain(name);
    }
    expect(found.get("port")).toMatchObject({
      state: "warn",
      found: expect.stringContaining("not looked at: PORT"),
    });
    expect(found.get("database")).toMatchObject({ state: "warn", remedy: "correct DATABASE_URL first" });
    expect(found.get("data folder")).toMatchObject({ state: "ok" });
  });

  it("looks only at what the machine's role needs", async () => {
    const found = await examine({ ROLE: "api", REDIS_URL: `redis://${CLOSED}`, PORT: "0" });
    expect([...found.keys()]).toEqual([
      "configuration",
      "Redis",
      "data folder",
      "disk",
      "port",
      "memory",
      "open files",
    ]);
  });

  it("ends a check that never answers at its deadline, and no other waits for it", async () => {
    const clock = new ManualClock(0);
    const check = { settings: [], remedy: "wait" };
    const [never, soon] = begin(
      [
        { ...check, name: "slow", run: () => new Promise<never>(() => {}) },
        { ...check, name: "quick", run: async () => ({ state: "ok", found: "there", remedy: null }) },
      ],
      [],
      clock,
    );
    expect(await soon).toEqual([{ check: "quick", state: "ok", found: "there", remedy: null }]);
    clock.advanceTo(LIMITS.doctor_check_ms * 1_000);
    expect(await never).toMatchObject([{ check: "slow", state: "FAIL", remedy: "wait" }]);
  });

  it("holds memory and open files to their bounds", () => {
    const states = (of: (value: number) => { state: string }, values: readonly number[]) =>
      values.map((value) => of(value).state);
    const { doctor_memory_low_bytes: low, doctor_memory_min_bytes: min } = LIMITS;
    expect(states(memory, [low, low - 1, min - 1])).toEqual(["ok", "warn", "FAIL"]);
    const wanted = LIMITS.stream_clients_max + LIMITS.doctor_files_min;
    expect(states(openFiles, [Infinity, wanted, wanted - 1, LIMITS.doctor_files_min - 1])).toEqual([
      "ok",
      "ok",
      "warn",
      "FAIL",
    ]);
  });

  it("writes one line a finding, whatever was found, and sums up", () => {
    const fail: Named = { check: "disk", state: "FAIL", found: "two\n  lines", remedy: "free it" };
    const well: Named = { check: "port", state: "ok", found: "free", remedy: null };
    expect(doctorLine(fail, false)).toBe("FAIL  disk             two lines → free it");
    expect(doctorLine(well, true)).toBe("\x1b[32mok  \x1b[0m  port             free");
    expect(doctorSummary([fail, well])).toBe("1 of 2 FAIL: a service would not run as it should");
    expect(doctorSummary([well])).toBe("all well: bun run serve");
  });
});
