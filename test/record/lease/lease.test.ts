/** Two services on one database, as two processes: one writes, the other waits and takes over, and no late word counts. */

import { rmSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import type { ForetickError } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import type { Database } from "../../../src/record/database.ts";
import { Lease, type LeaseOptions } from "../../../src/record/lease/lease.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { rejection } from "../../base/rejection.ts";
import { met } from "../../met.ts";
import { quoteAt, tradeAt } from "../market_events.ts";
import { onEveryServer } from "../server/servers.ts";
import { tempDir } from "../server/temp_dir.ts";
import { Service } from "./service_process.ts";

onEveryServer("the lease of a symbol", (server) => {
  let database: Database;
  let services: Service[] = [];
  const leases: Lease[] = [];
  const writers: Writer[] = [];
  let data_dir = "";

  beforeEach(async () => {
    data_dir = tempDir();
    database = await server.openDatabase();
  });
  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.close();
    for (const lease of leases.splice(0)) await lease.close();
    for (const service of services) service.signal("SIGKILL");
    for (const service of services) await service.ended;
    for (const path of [data_dir, ...services.map((each) => each.data_dir)])
      rmSync(path, { recursive: true, force: true });
    services = [];
  });

  function start(
    ...words: ConstructorParameters<typeof Service> extends [string, ...infer Rest] ? Rest : never
  ) {
    const service = new Service(database.url, ...words);
    services.push(service);
    return service;
  }

  function leaseOf(id: string, options: Partial<LeaseOptions> = {}): Lease {
    const lease = new Lease({
      ...{
        database,
        symbols: ["BTCUSDT"],
        holder: { id, told: id },
        second: "refuse",
        clock: systemClock,
        log,
      },
      onLost: () => {},
      ...options,
    } as LeaseOptions);
    leases.push(lease);
    return lease;
  }

  /** Trades by who wrote them: how many, and the last id. */
  async function written(quantity: number): Promise<number> {
    const [row] = await database.sql<{ n: number }[]>`
      select count(*)::int as n from trades where qty_e8 = ${quantity}`;
    return row!.n;
  }

  it("goes to a waiting service when the leader is stopped, and what the leader sends on waking up is refused", async () => {
    const first = start(1, 1_000);
    await first.leads();
    await met("rows of service 1", async () => (await written(1)) > 20);
    const other = start(2, 900_000);
    await other.says(({ state }) => state === "waiting");

    first.signal("SIGSTOP");
    await other.leads();
    await met("rows of service 2", async () => (await written(2)) > 20);
    const of_the_first = await written(1);

    first.signal("SIGCONT");
    const { lost } = await first.says((event) => typeof event.lost === "string");
    expect(lost).toMatch(
      /^BTCUSDT was taken over by another service \(.*process \d+\) at .* It writes nothing more and ends/,
    );
    expect(await first.ended).toBe(1);
    expect(await written(1)).toBe(of_the_first);
    const before = await written(2);
    await met("rows of service 2", async () => (await written(2)) > before);
  });

  it("goes over within ten seconds of a kill, and sooner where the leader ends in order", async () => {
    // An end just renewed, a look just missed, an answer that takes its time.
    expect(LIMITS.lease_ms + LIMITS.lease_poll_ms + LIMITS.lease_answer_ms).toBeLessThan(10_000);
    const first = start(1, 1_000);
    await first.leads();
    const other = start(2, 900_000);
    await other.says(({ state }) => state === "waiting");
    first.signal("SIGKILL");
    await other.leads();

    const third = start(3, 1_900_000);
    await third.says(({ state }) => state === "waiting");
    other.signal("SIGTERM");
    expect(await other.ended).toBe(0);
    const [left] = await database.sql<{ free: boolean }[]>`
      select expires_at = '-infinity' or told not like ${`%process ${other.pid}`} as free from leases`;
    expect(left!.free).toBe(true);
    await third.leads();
  });

  it("is its own at once where a service was killed and is started again on its data directory", async () => {
    const first = start(1, 1_000);
    const { fences } = await first.leads();
    first.signal("SIGKILL");
    await first.ended;
    const again = start(1, 5_000, "refuse", first.data_dir);
    const taken = await again.leads();
    expect(JSON.parse(String(taken.fences)).BTCUSDT).toBe(JSON.parse(String(fences)).BTCUSDT + 1);
  });

  it("makes a second service refuse its start in one sentence where it shall not wait", async () => {
    const first = start(1, 1_000);
    await first.leads();
    const other = start(2, 900_000, "refuse");
    const { refused } = await other.says((event) => "refused" in event);
    expect(refused).toMatch(
      /^STORE_LEASED: BTCUSDT expected to have no other service on this database, is led by .*, process \d+ since .* SECOND_SERVICE=wait/,
    );
    expect(await other.ended).toBe(2);
  });

  it("is taken for all symbols or for none, and left to its symbols", async () => {
    const [both, one] = [
      leaseOf("a", { symbols: ["BTCUSDT", "ETHUSDT"] }),
      leaseOf("b", { symbols: ["SOLUSDT"] }),
    ];
    await both.take();
    await one.take();
    expect(JSON.parse(both.fences())).toEqual({ BTCUSDT: 1, ETHUSDT: 1 });
    const third = leaseOf("c", { symbols: ["XRPUSDT", "ETHUSDT"] });
    expect(await rejection(third.take())).toMatchObject({ code: "STORE_LEASED" });
    expect(await rejection(Promise.resolve().then(() => third.fences()))).toMatchObject({
      code: "STORE_FENCED",
    });
    expect(await database.sql`select symbol from leases where symbol = 'XRPUSDT'`).toHaveLength(0);
  });

  it("is taken symbol by symbol where a service may lead some and stand by for the rest", async () => {
    const first = leaseOf("a", { symbols: ["BTCUSDT"], holder: { id: "a", told: "service a" } });
    await first.take();
    const held: string[] = [];
    const both = leaseOf("b", {
      symbols: ["BTCUSDT", "ETHUSDT"],
      second: "wait",
      onStandby: async ({ told }) => void held.push(told),
    });
    await both.take("any");
    expect(held).toEqual([]);
    expect(JSON.parse(both.fences())).toEqual({ ETHUSDT: 1 });
    expect([both.leads("BTCUSDT"), both.heldBy("BTCUSDT")]).toEqual([false, "service a"]);
    const taken: string[] = [];
    const rest = both.takeRest((symbols) => taken.push(...symbols));
    await first.close();
    await rest;
    expect(taken).toEqual(["BTCUSDT"]);
    expect(JSON.parse(both.fences())).toEqual({ BTCUSDT: 2, ETHUSDT: 1 });
    expect(both.heldBy("BTCUSDT")).toBeUndefined();

    const third = leaseOf("c", {
      symbols: ["ETHUSDT"],
      second: "wait",
      onStandby: async ({ told }) => void held.push(told),
    });
    const waiting = rejection(third.take("any"));
    await met("the third stands by", () => held.length > 0);
    await third.close();
    expect(held[0]).toBe("b");
    expect(await waiting).toMatchObject({ code: "CANCELLED" });
  });

  it("keeps rows of a fenced writer out to the last one, and lets the new holder's in", async () => {
    const lost: ForetickError[] = [];
    const old = leaseOf("old");
    await old.take();
    const outdated = old.fences();
    await database.sql`update leases set expires_at = '-infinity'`;
    const now = leaseOf("new");
    await now.take();
    const writerWith = (fences: () => string): Writer => {
      const own = tempDir();
      const writer = new Writer({
        ...{ database: { connect: database.connect, data_dir: own }, clock: systemClock, log, fences },
        flush_interval_ms: 5,
      });
      writers.push(writer);
      return writer;
    };
    const [fenced, leading] = [writerWith(() => outdated), writerWith(() => now.fences())];
    fenced.trade(tradeAt(1), false);
    fenced.quote(quoteAt(1), false);
    expect(await rejection(fenced.flush())).toMatchObject({ code: "STORE_FENCED" });
    leading.trade(tradeAt(2), false);
    await leading.flush();
    const rows = await database.sql<{ trade_id: string }[]>`select trade_id from trades`;
    expect(rows.map(({ trade_id }) => Number(trade_id))).toEqual([tradeAt(2).trade_id]);
    expect(await database.sql`select from quotes`).toHaveLength(0);
    // Refused is not lost: the rows are still the writer's, for its journal.
    expect(fenced.queue_depth).toBe(2);
    expect(lost).toEqual([]);
  });

  it("cannot be taken while an insert that rests on it is under way", async () => {
    const old = leaseOf("old");
    await old.take();
    const inserting = database.connect();
    const insert = `insert into disconnects (symbol, ts, reason, received_at)
      select 'BTCUSDT', now(), 'test', now() where (select holds_leases('{BTCUSDT}', $1::text::jsonb))`;
    await database.sql`update leases set expires_at = '-infinity'`;
    let taken = false;
    const now = leaseOf("new", { second: "wait" });
    let take: Promise<void> | undefined;
    await inserting.begin(async (open) => {
      await open.unsafe(insert, [old.fences()]);
      take = now.take().then(() => {
        taken = true;
      });
      // Long enough for the statement that takes it to have come and to wait.
      await met("the taking statement waits", async () => {
        const rows = await database.sql`
          select from pg_stat_activity
          where application_name = 'foretick lease' and wait_event_type = 'Lock' and datname = current_database()`;
        return rows.length > 0;
      });
      expect(taken).toBe(false);
    });
    await take;
    expect(taken).toBe(true);
    expect(await rejection(inserting.unsafe(insert, [old.fences()]))).toMatchObject({ code: "FT001" });
    await inserting.end();
  });

  it("is unsure after its length without an answer, held again with one, and lost only to another", async () => {
    const clock = new ManualClock(1e15);
    const lost: ForetickError[] = [];
    const lease = leaseOf("a", { clock, onLost: (error) => lost.push(error) });
    const settled = async (state: string): Promise<void> => {
      await met(`the lease is ${state}`, async () => {
        if (lease.status.state !== state) clock.advance(50);
        return lease.status.state === state;
      });
    };
    await lease.take();
    expect(lease.status).toEqual({ state: "held", held_by: undefined });
    clock.advance(LIMITS.lease_ms + 1);
    expect(lease.status.state).toBe("unsure");
    await settled("held");
    expect(lost).toEqual([]);
    await database.sql`update leases set fence = fence + 1, holder = 'b', told = 'another'`;
    clock.advance(LIMITS.lease_renew_ms + 1);
    await settled("lost");
    await met("the loss is told", () => lost.length > 0);
    expect(lost[0]!.message).toContain("taken over by another service (another)");
    expect(lease.status).toEqual({ state: "lost", held_by: "another" });
  });
});
