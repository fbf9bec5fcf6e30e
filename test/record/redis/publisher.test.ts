/** What is given on to Redis: field by field, once, by one writer, and never at a forecast's cost. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { priceE8, qtyE8, unixSec, updateId } from "../../../src/base/units.ts";
import { type DepthDiffEvent, levelsOf } from "../../../src/binance/events.ts";
import { vectorJsonText } from "../../../src/features/vector_json.ts";
import { redisAddress } from "../../../src/record/redis/address.ts";
import { addGuarded } from "../../../src/record/redis/guard.ts";
import { RedisLink } from "../../../src/record/redis/link.ts";
import type { Publisher, PublisherOptions } from "../../../src/record/redis/publisher.ts";
import { met } from "../../met.ts";
import { outcomeAt, predictionAt, quoteAt, START_SEC, SYMBOL, tradeAt, vectorAt } from "../market_events.ts";
import { logLines } from "../write/log_lines.ts";
import { describeOnRedis, RedisServer } from "./redis_server.ts";
import { type At, emptied, publisherAt } from "./setting.ts";

const DEPTH: DepthDiffEvent = {
  ...{ kind: "depth_diff", symbol: SYMBOL, epoch: 0 },
  ...{ ts_us: tradeAt(1).ts_us, received_us: tradeAt(1).received_us },
  ...{ first_update_id: updateId(7), last_update_id: updateId(9) },
  bids: levelsOf([6_183_763_000_000, 50_000_000, 6_183_762_000_001, 0]),
  asks: levelsOf([6_183_764_000_000, 9_223_372_036_854_775_000n]),
};

describeOnRedis("what is given on to Redis", () => {
  let redis: RedisServer;
  let prefix = "";
  let tests = 0;
  const publishers: Publisher[] = [];
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.close());
  beforeEach(() => {
    prefix = `t${tests++}:`;
  });
  afterEach(async () => {
    for (const publisher of publishers.splice(0)) await publisher.close();
  });

  const publish = (at: Partial<At> = {}, more: Partial<PublisherOptions> = {}): Publisher => {
    const publisher = publisherAt({ url: redis.url, prefix, ...at }, more);
    publishers.push(publisher);
    return publisher;
  };
  const entries = async (stream: string): Promise<Record<string, string>[]> => {
    const rows = await redis.client().xrange(`${prefix}${stream}`, "-", "+");
    return rows.map(([, entry]) => {
      const pairs = entry.flatMap((name, at) => (at % 2 === 0 ? [[name, entry[at + 1]!]] : []));
      return Object.fromEntries(pairs);
    });
  };

  it("holds every field of the plan exactly, of market events, vectors and forecasts", async () => {
    const publisher = publish({}, { stateOf: (symbol) => ({ said: symbol }) });
    const trade = { ...tradeAt(1), price_e8: priceE8(1), qty_e8: qtyE8(9_223_372_036_854_775_000n) };
    const vector = { ...vectorAt(1, [0.1 + 0.2, -0, Number.NaN, 5e-324]), cold_reason: "a gap" };
    const closed_at_us = systemClock.now();
    publisher.lead(SYMBOL);
    for (const event of [trade, quoteAt(1), DEPTH]) publisher.event(event);
    publisher.vector({ vector, closed_at_us, age_us: 250_000.5 });
    publisher.prediction(predictionAt(1));
    publisher.prediction({ ...predictionAt(1), role: "shadow", served: false, yhat_log_return: -0 });
    publisher.outcome(outcomeAt(1, null));
    await emptied(publisher);
    const times = { event_ts: String(trade.ts_us), ingest_ts: String(trade.received_us) };
    expect(await entries("market-sbe-trade")).toEqual([
      {
        ...{ symbol: SYMBOL, ...times, trade_id: String(trade.trade_id), price: "0.00000001" },
        ...{ qty: "92233720368.54775000", is_buyer_maker: "false", source: "sbe" },
      },
    ]);
    expect(await entries("market-sbe-bestbidask")).toEqual([
      {
        ...{ symbol: SYMBOL, event_ts: String(quoteAt(1).ts_us), ingest_ts: String(quoteAt(1).received_us) },
        ...{ bid_px: "61837.63000001", bid_sz: "0.50000001", ask_px: "61837.64000001" },
        ...{ ask_sz: "0.12000001", update_id: String(quoteAt(1).update_id), source: "sbe" },
      },
    ]);
    expect(await entries("market-sbe-depth")).toEqual([
      {
        ...{ symbol: SYMBOL, ...times },
        bids: '[["61837.63000000","0.50000000"],["61837.62000001","0.00000000"]]',
        asks: '[["61837.64000000","92233720368.54775000"]]',
        ...{ first_update_id: "7", last_update_id: "9", source: "sbe" },
      },
    ]);
    expect(await entries("features-1s")).toEqual([
      {
        ...{ symbol: SYMBOL, ts_sec: String(vector.ts_sec), feature_set: "v1", set_hash: vector.set_hash },
        ...{ warm: "false", cold_reason: "a gap", closed_at_us: String(closed_at_us), age_us: "250000.5" },
        ...{ f0: "0.30000000000000004", f1: "-0", f2: "", f3: "5e-324" },
      },
    ]);
    const [served, beside] = await entries("predictions-1s");
    expect(served).toMatchObject({
      ...{ symbol: SYMBOL, ts_sec: String(START_SEC + 1), yhat_log_return_10s: "0.000015" },
      ...{ latency_ms: "0.125", model_version: predictionAt(1).model_version, role: "champion" },
      ...{ p_up: "0.515625", served: "true" },
    });
    expect(beside).toMatchObject({ role: "shadow", yhat_log_return: "-0", served: "false" });
    expect(await entries("outcomes-1s")).toMatchObject([{ realized_log_return: "", realized_price: "" }]);
    const client = redis.client();
    expect(JSON.parse((await client.get(`${prefix}prediction:${SYMBOL}:latest`))!)).toEqual({
      ...predictionAt(1),
      yhat_log_return_10s: predictionAt(1).yhat_log_return,
    });
    const key = `${prefix}features:${SYMBOL}:${vector.ts_sec}`;
    expect(await client.get(key)).toBe(vectorJsonText(vector));
    expect(await client.ttl(key)).toBeGreaterThan(LIMITS.redis_vector_s - 60);
    expect(await client.ttl(key)).toBeLessThanOrEqual(LIMITS.redis_vector_s);
    expect(JSON.parse((await client.get(`${prefix}state:${SYMBOL}:latest`))!)).toEqual({ said: SYMBOL });
  });

  it("keeps about as many entries of a stream as it is told", async () => {
    const publisher = publish({ maxlen: 200 });
    for (let i = 0; i < 5_000; i++) publisher.event(tradeAt(i));
    await emptied(publisher);
    const held = await entries("market-sbe-trade");
    // `~`: Redis drops whole nodes of a hundred.
    expect(held.length).toBeLessThanOrEqual(300);
    expect(held.at(-1)!.trade_id).toBe(String(tradeAt(4_999).trade_id));
  });

  it("takes nothing from a service whose lease another one holds, nor from a second one without a lease", async () => {
    let fence = 3;
    const first = publish({}, { fenceOf: () => fence });
    first.prediction(predictionAt(1));
    await emptied(first);
    const unleased = publish({}, { fenceOf: () => 0 });
    unleased.prediction(predictionAt(2));
    await emptied(unleased);
    expect(unleased.stats).toMatchObject({ fenced: 1, fenced_now: [SYMBOL], published: 0 });
    const second = publish({}, { fenceOf: () => 4 });
    second.lead(SYMBOL);
    await met("Redis to know the second", () => second.stats.batches === 1);
    first.prediction(predictionAt(3));
    await emptied(first);
    expect(first.stats).toMatchObject({ fenced: 1, fenced_now: [SYMBOL] });
    second.prediction(predictionAt(4));
    await emptied(second);
    expect((await entries("predictions-1s")).map(({ ts_sec }) => Number(ts_sec) - START_SEC)).toEqual([1, 4]);
    fence = 5;
    first.prediction(predictionAt(5));
    await emptied(first);
    expect(first.stats.fenced_now).toEqual([]);
    expect((await entries("predictions-1s")).length).toBe(3);
  });

  it("puts no batch together between a second's close and its forecast, unless none comes", async () => {
    const clock = new ManualClock(systemClock.now());
    const publisher = publish({ clock });
    const sent = (): number => publisher.stats.batches + publisher.stats.unanswered;
    publisher.event(tradeAt(1));
    clock.advance(LIMITS.redis_flush_ms - 1);
    publisher.vector({ vector: vectorAt(1, [0.5]), closed_at_us: clock.now(), age_us: 0 });
    publisher.outcome(outcomeAt(1, 1e-5));
    // When the trade alone would have gone, and when what is urgent would.
    clock.advance(LIMITS.redis_flush_ms - 1);
    expect([sent(), publisher.stats.waiting]).toEqual([0, 3]);
    publisher.prediction(predictionAt(1));
    clock.advance(0);
    expect(sent()).toBe(1);
    await emptied(publisher);
    publisher.vector({ vector: vectorAt(2, [0.5]), closed_at_us: clock.now(), age_us: 0 });
    clock.advance(LIMITS.redis_flush_ms);
    expect(sent()).toBe(2);
    await emptied(publisher);
    expect((await entries("features-1s")).length).toBe(2);
  });

  it("sends a batch again whose answer was late, and it is there once", async () => {
    const clock = new ManualClock(systemClock.now());
    const { log, lines } = logLines();
    const publisher = publish({ clock, log });
    const client = redis.client();
    publisher.prediction(predictionAt(1));
    clock.advance(0);
    await emptied(publisher);
    await client.call("CLIENT", "PAUSE", "600000", "ALL");
    publisher.prediction(predictionAt(2));
    clock.advance(0);
    await met("it to be sent", () => publisher.stats.unanswered === 1);
    publisher.prediction(predictionAt(3));
    clock.advance(LIMITS.redis_answer_ms);
    await met("the answer to be late", () => publisher.stats.failures === 1);
    expect(publisher.stats.status.state).toBe("away");
    expect(lines.map(({ reason }) => String(reason))).toEqual([
      expect.stringContaining("expected within 2000 ms"),
    ]);
    // A paused server reads nothing, not even the end of the pause.
    await redis.kill();
    await redis.start();
    await met("it to be taken", () => {
      clock.advance(LIMITS.redis_retry_ms_max);
      return publisher.stats.unanswered === 0 && publisher.stats.waiting === 0;
    });
    expect((await entries("predictions-1s")).map(({ ts_sec }) => Number(ts_sec) - START_SEC)).toEqual([2, 3]);
    // The leaps of the clock make answers late too: one more is asked for while the clock stands.
    publisher.prediction(predictionAt(4));
    clock.advance(0);
    await emptied(publisher);
    expect(publisher.stats.status.state).toBe("ok");
    expect(String(lines.at(-1)?.msg)).toContain("Redis takes again");
  });

  it("knows a batch that Redis took though its answer was lost", async () => {
    const link = new RedisLink({ address: redisAddress(redis.url), name: "test", clock: systemClock });
    const send = (number: number): Promise<unknown> =>
      link.ask(async (client) => {
        const commands = [["RPUSH", `${prefix}list`, String(number)]];
        const pipeline = client.pipeline();
        addGuarded(pipeline, { guard: `${prefix}guard`, writer: "one", fence: 1, number, commands });
        return (await pipeline.exec())?.[0]?.[1];
      });
    expect([await send(1), await send(1), await send(2), await send(1)]).toEqual([
      "taken",
      "seen",
      "taken",
      "seen",
    ]);
    expect(await redis.client().lrange(`${prefix}list`, 0, -1)).toEqual(["1", "2"]);
    link.close();
  });

  it("says once that Redis is out of memory, waits longer each time, and goes on when there is some", async () => {
    const client = redis.client();
    const clock = new ManualClock(systemClock.now());
    const { log, lines } = logLines();
    const publisher = publish({ clock, log });
    await client.config("SET", "maxmemory-policy", "noeviction");
    await client.config("SET", "maxmemory", "1mb");
    publisher.prediction({ ...predictionAt(1), ts_sec: unixSec(START_SEC + 1) });
    clock.advance(0);
    for (let failures = 1; failures <= 3; failures++) {
      await met("it to be refused", () => publisher.stats.failures === failures);
      clock.advance(1_000 * 2 ** (failures - 1) - 1);
      expect(publisher.stats.failures).toBe(failures);
      clock.advance(1);
    }
    expect(publisher.stats.status.state).toBe("refused");
    expect(lines.map(({ reason }) => String(reason))).toEqual([
      expect.stringMatching(/no memory left \(OOM\).*maxmemory/),
    ]);
    await client.config("SET", "maxmemory", "0");
    await met("it to be taken", () => {
      clock.advance(LIMITS.redis_refused_ms_max);
      return publisher.stats.unanswered === 0;
    });
    expect((await entries("predictions-1s")).length).toBe(1);
  });
});
