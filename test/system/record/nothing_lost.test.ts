/** What is shown or received outlives the process, whatever hangs and however it ends: as a process of its own, through real sockets. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterEach, expect, it } from "vitest";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { type ConnectOptions, connectTo } from "../../../src/record/server/client.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import { simulatedSource } from "../../../src/sim/market/simulator.ts";
import { onEveryServer } from "../../record/server/servers.ts";
import { FlakyWire } from "../../record/write/flaky_wire.ts";
import { QUIET, START_US } from "../../sim/markets.ts";
import { met } from "../running.ts";
import { ServiceProcess } from "../start/service_process.ts";

/** Seconds of the market in one of ours. */
const SPEED = 4;
const HANGING_MODEL = "../start/hanging_model.ts";
const FAILING_DISK = "../start/failing_disk.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** What the parts that hung were waited for, phase after phase (ms): the end takes no longer, however busy the machine. */
function waitedMs(lines: readonly { msg: string; phase?: string; budget_ms?: number }[]): number {
  const longest = new Map<string, number>();
  for (const { msg, phase, budget_ms } of lines) {
    if (!msg.includes("left behind")) continue;
    longest.set(phase!, Math.max(longest.get(phase!) ?? 0, budget_ms!));
  }
  return [...longest.values()].reduce((sum, ms) => sum + ms, 0);
}

onEveryServer("what was received", (server) => {
  async function market() {
    const source = simulatedSource({ seed: 6, start_us: START_US, ...QUIET });
    const exchange = new PaperExchange({
      source,
      speed: SPEED,
      history_s: 700,
      start_on: "first_subscriber",
    });
    cleanups.push(() => exchange.close());
    const { ws_origin, rest_origin } = await exchange.start();
    const data_dir = mkdtempSync(join(tmpdir(), "foretick-kept-"));
    cleanups.push(() => rmSync(data_dir, { recursive: true, force: true }));
    const url = await server.migratedDatabase();
    const [database, rest] = [new FlakyWire(url), new FlakyWire(rest_origin)];
    for (const wire of [database, rest]) {
      await wire.mend();
      cleanups.push(() => wire.cut());
    }
    const environment = {
      ...{ PORT: "0", HOST: "127.0.0.1", DATA_DIR: data_dir, MODEL_DIR: join(data_dir, "models") },
      ...{ DEADLINE_MS: "5000", BINANCE_SBE_URL: ws_origin, BINANCE_API_KEY: "paper" },
    };
    const serve = async (
      database_url: string,
      rest_url: string,
      preload: readonly string[] = [],
    ): Promise<ServiceProcess> => {
      const origins = { DATABASE_URL: database_url, BINANCE_REST_URL: rest_url };
      const service = new ServiceProcess({ ...environment, ...origins }, { preload });
      cleanups.push(() => service.discard());
      return service.started();
    };
    const sql = connectTo(url);
    cleanups.push(() => sql.end());
    /** What a next process would do first. */
    const replay = async (): Promise<void> => {
      const connect = (options?: ConnectOptions) => connectTo(url, options);
      const writer = new Writer({ database: { connect, data_dir }, clock, log });
      await writer.drained(0);
      await writer.close();
    };
    return { url, sql, database, rest, rest_origin, serve, replay };
  }

  const tradesOf = async (sql: Sql) => {
    const [row] = await sql`
      select count(*)::int as count, (max(trade_id) - min(trade_id) + 1)::int as span, max(trade_id)::float8 as newest
      from trades
      where set_aside is null`;
    return row as unknown as { count: number; span: number; newest: number | null };
  };
  /** Of the predictions a client was shown, those that are not stored. */
  const missingOf = async (sql: Sql, shown: readonly { ts_sec: number }[]): Promise<number[]> => {
    const stored = await sql<
      { ts_sec: number }[]
    >`select (us_of(ts) / 1000000)::int as ts_sec from predictions`;
    const known = new Set(stored.map(({ ts_sec }) => ts_sec));
    return shown.map(({ ts_sec }) => ts_sec).filter((ts_sec) => !known.has(ts_sec));
  };

  it("is on disk after an end with the database and REST hanging, which takes seconds and claims no more", async () => {
    const { sql, database, rest, serve, replay } = await market();
    const service = await serve(database.url, new URL(rest.url).origin);
    await met("predictions", () => service.shown.length > 5);
    const before = await tradesOf(sql);
    database.silence();
    rest.silence();
    const shown_before = service.shown.length;
    await met(
      "predictions the database does not get",
      () => service.shown.length > shown_before + 15 * SPEED,
    );
    expect(await service.end("SIGTERM")).toBe(0);
    const lines = service.said
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { journal_bytes, msg, left_behind } = lines.at(-1)!;
    expect(msg).toContain("is in the journal");
    expect(journal_bytes).toBeGreaterThan(10_000);
    expect(left_behind).not.toEqual([]);
    expect(waitedMs(lines)).toBeLessThan(LIMITS.drain_ms_max);
    expect(await missingOf(sql, service.shown)).not.toEqual([]);

    await replay();
    const after = await tradesOf(sql);
    expect(after.count).toBe(after.span);
    expect(after.newest).toBeGreaterThan(before.newest ?? 0);
    expect(await missingOf(sql, service.shown)).toEqual([]);
  });

  it("is on disk after an end in which the model answers nothing any more, and the end does not wait for it", async () => {
    const { sql, database, rest_origin, serve, replay } = await market();
    const service = await serve(database.url, rest_origin, [join(import.meta.dirname, HANGING_MODEL)]);
    await met("predictions", () => service.shown.length > 5);
    const before = await tradesOf(sql);
    await database.cut();
    const shown_before = service.shown.length;
    await met("predictions the database does not get", () => service.shown.length > shown_before + 10);
    service.tell("SIGUSR2");
    await met("a tick without an answer", () => service.said.includes("the model does not answer"));
    expect(await service.end("SIGTERM")).toBe(0);
    const lines = service.said
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { journal_bytes, msg, left_behind } = lines.at(-1)!;
    expect(msg).toContain("is in the journal");
    expect(journal_bytes).toBeGreaterThan(10_000);
    expect(left_behind).toContain("the models");
    expect(waitedMs(lines)).toBeLessThan(LIMITS.drain_ms_max);
    expect((await missingOf(sql, service.shown)).length).toBeGreaterThan(10);

    await replay();
    const after = await tradesOf(sql);
    expect(after.count).toBe(after.span);
    expect(after.newest).toBeGreaterThan(before.newest ?? 0);
    expect(await missingOf(sql, service.shown)).toEqual([]);
  });

  it("is not claimed to be on disk where the disk took nothing: health says so before the end, the end by its code", async () => {
    const { database, rest_origin, serve } = await market();
    const service = await serve(database.url, rest_origin, [join(import.meta.dirname, FAILING_DISK)]);
    await met("predictions", () => service.shown.length > 5);
    service.tell("SIGUSR2");
    await database.cut();
    const health = async (): Promise<string> => await (await fetch(`${service.url}/health`)).text();
    await met("what health says of the rows", async () =>
      (await health()).includes("rows wait in memory only"),
    );
    expect(await service.end("SIGTERM")).toBe(1);
    const { msg, rows } = JSON.parse(service.said.trim().split("\n").at(-1)!);
    expect(msg).toBe("stopped: rows are lost, neither database nor disk took them");
    expect(rows).toBeGreaterThan(10);
  });

  it("is there after kill -9 with the database away: ids without a hole, and every prediction a client saw", async () => {
    const { url, sql, database, rest_origin, serve } = await market();
    const killed = await serve(database.url, rest_origin);
    await met("predictions", () => killed.shown.length > 5);
    await database.cut();
    const shown_before = killed.shown.length;
    await met("predictions the database does not get", () => killed.shown.length > shown_before + 15 * SPEED);
    await killed.kill();
    const missing = await missingOf(sql, killed.shown);
    expect(missing.length).toBeGreaterThan(10);
    const newest = killed.shown.at(-1)!.ts_sec;

    const next = await serve(url, rest_origin);
    await met("forecasts of a warm look-back", () =>
      next.shown.some(({ warm, ts_sec }) => warm && ts_sec > newest),
    );
    await met("what was shown", async () =>
      (await missingOf(sql, killed.shown)).every((ts_sec) => killed.on_their_way.has(ts_sec)),
    );
    expect(await next.end("SIGHUP")).toBe(0);
    expect(next.said).toContain("stopped: everything is in the database");
    const { count, span } = await tradesOf(sql);
    expect(count).toBe(span);
  });
});
