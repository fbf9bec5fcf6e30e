/** What is read back from Redis: bit for bit, each entry once, through cuts and restarts. */

import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import type { Publisher } from "../../../src/record/redis/publisher.ts";
import { met } from "../../met.ts";
import { outcomeAt, predictionAt, START_SEC, SYMBOL, vectorAt } from "../market_events.ts";
import { describeOnRedis, RedisServer } from "./redis_server.ts";
import { emptied, publisherAt, Shown } from "./setting.ts";

describeOnRedis("reading from Redis", () => {
  let redis: RedisServer;
  let publisher: Publisher;
  const closers: (() => unknown)[] = [];
  beforeEach(async () => {
    redis = await RedisServer.start();
    publisher = publisherAt({ url: redis.url });
    closers.push(
      () => redis.close(),
      () => publisher.close(),
    );
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  const read = (): Shown => {
    const shown = new Shown({ url: redis.url });
    closers.push(() => shown.reader.close());
    return shown;
  };
  const at = (...seconds: number[]): number[] => seconds.map((sec) => START_SEC + sec);

  it("gives what was given on, to the last bit, what was there before it came as such", async () => {
    const first = { ...predictionAt(1, -0), lower_price: null, p_up: null };
    const aged = {
      vector: vectorAt(1, [0.1 + 0.2, -0, Number.NaN, 1e-300]),
      closed_at_us: systemClock.now(),
      age_us: 0.5,
    };
    publisher.prediction(first);
    publisher.vector(aged);
    await emptied(publisher);
    const shown = read();
    await met("what was there", () => shown.predictions.length === 1 && shown.vectors.length === 1);
    publisher.outcome(outcomeAt(1, 1.25e-5));
    publisher.prediction(predictionAt(2));
    publisher.prediction({ ...predictionAt(2), symbol: "ETHUSDT" });
    await met("what came", () => shown.predictions.length === 2 && shown.outcomes.length === 1);
    expect(shown.predictions).toEqual([
      [first, false],
      [predictionAt(2), true],
    ]);
    expect(Object.is(shown.predictions[0]![0].yhat_log_return, -0)).toBe(true);
    expect(shown.outcomes).toEqual([[outcomeAt(1, 1.25e-5), true]]);
    const [{ vector, ...when }] = shown.vectors as [typeof aged];
    expect(when).toEqual({ closed_at_us: aged.closed_at_us, age_us: 0.5 });
    expect({ ...vector, values: [...vector.values] }).toEqual({
      ...aged.vector,
      values: [...aged.vector.values],
    });
    expect(Object.is(vector.values[1], -0)).toBe(true);
    await met("the other symbol's", () => shown.reader.stats.entries === 5);
    expect(shown.seconds).toEqual(at(1, 2));
  });

  it("loses nothing and shows nothing twice where Redis is killed and starts empty", async () => {
    const shown = read();
    for (const sec of [1, 2, 3]) publisher.prediction(predictionAt(sec));
    await met("three", () => shown.predictions.length === 3);
    await redis.kill();
    publisher.prediction(predictionAt(4));
    await met(
      "both to miss it",
      () => publisher.stats.failures > 0 && shown.reader.stats.status.state === "away",
    );
    await redis.start();
    publisher.prediction(predictionAt(5));
    await met("five", () => shown.predictions.length === 5);
    expect(shown.seconds).toEqual(at(1, 2, 3, 4, 5));
    expect(shown.reader.stats).toMatchObject({ repeated: 0, malformed: 0, status: { state: "ok" } });
  });

  it("begins a stream anew whose ids have gone back, and shows only what it has not shown", async () => {
    const shown = read();
    for (const sec of [1, 2]) publisher.prediction(predictionAt(sec));
    await met("two", () => shown.predictions.length === 2);
    const client = redis.client();
    const [[, entry] = []] = await client.xrange("predictions-1s", "-", "+");
    await client.del("predictions-1s");
    await client.xadd("predictions-1s", "5-0", ...entry!);
    await client.xadd(
      "predictions-1s",
      "6-0",
      ...entry!.with(entry!.indexOf("ts_sec") + 1, String(START_SEC + 3)),
    );
    await client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    await met("the third", () => shown.predictions.length === 3);
    expect(shown.seconds).toEqual(at(1, 2, 3));
    expect(shown.reader.stats.repeated).toBe(1);
  });

  it("passes over an entry that it does not understand", async () => {
    const shown = read();
    const client = redis.client();
    await client.xadd("predictions-1s", "*", "symbol", SYMBOL, "ts_sec", "soon");
    publisher.prediction(predictionAt(2));
    await met("the good one", () => shown.predictions.length === 1);
    expect(shown.reader.stats.malformed).toBe(1);
  });

  it("counts that entries have left the stream before it could read them", async () => {
    const shown = read();
    publisher.prediction(predictionAt(1));
    await met("one", () => shown.predictions.length === 1);
    const client = redis.client();
    const [, id] = /id=(\d+) [^\n]*name=foretick-reader/.exec(String(await client.client("LIST")))!;
    const [[, entry] = []] = await client.xrange("predictions-1s", "-", "+");
    const asOf = (sec: number): string[] =>
      entry!.with(entry!.indexOf("ts_sec") + 1, String(START_SEC + sec));
    // Cut, and two entries have come and one has gone before it is back.
    const away = client.multi().client("KILL", "ID", Number(id));
    for (const sec of [2, 3]) away.xadd("predictions-1s", "*", ...asOf(sec));
    await away.xtrim("predictions-1s", "MAXLEN", 1).exec();
    await met("the third", () => shown.predictions.length === 2);
    expect(shown.seconds).toEqual(at(1, 3));
    expect(shown.reader.stats.overrun).toBe(1);
  });
});
