/** Frames that cannot be used are seen: in the log with the decoder's own sentence, by code, and for health. */

import { afterEach, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import type { Logger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { StreamClient } from "../../../src/binance/stream/client.ts";
import { FrameFaults } from "../../../src/binance/stream/frame_faults.ts";
import { met } from "../../met.ts";
import { quoteFrame, SYMBOL, tradeFrame } from "../sbe/frames.ts";
import { TestExchange } from "./test_exchange.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** What a logger was told. */
function listener() {
  const said: { level: string; code?: string; dropped?: number; text: string }[] = [];
  const take =
    (level: string) =>
    (fields: object | string, text = ""): void =>
      void said.push(typeof fields === "string" ? { level, text: fields } : { level, text, ...fields });
  const log = { info: take("info"), warn: take("warn"), error: take("error"), debug: take("debug") };
  return { said, log: { ...log, child: () => log } as unknown as Logger };
}

/** A frame whose header names another schema, one whose price has no place in an event, garbage, another template. */
function strange() {
  const schema = Buffer.from(quoteFrame(1));
  schema.writeUInt16LE(9, 4);
  const scale = Buffer.from(quoteFrame(1));
  // The price exponent of bestBidAsk: after the header (8), event time (8) and book update id (8).
  scale.writeInt8(-20, 24);
  const template = Buffer.from(quoteFrame(1));
  template.writeUInt16LE(60_000, 2);
  return { schema, scale, template, garbage: Buffer.from([1, 2, 3]) };
}

it("are named in the log at once, counted by code, and shown in the status, over a real socket", async () => {
  const { said, log } = listener();
  const exchange = new TestExchange();
  const client = new StreamClient({
    ...{ url: exchange.origin, api_key: "key", symbols: [SYMBOL], streams: ["trade", "bestBidAsk"] as const },
    ...{ clock: systemClock, rng: seededRng(1), log, onEvent: () => {} },
  });
  open.push(exchange, client);
  client.start();
  await met("a live connection", () => client.status.state === "live");
  expect(client.status.frame_faults).toEqual({ by_code: {}, now: undefined });
  const { schema, scale, template, garbage } = strange();
  exchange.send(0, tradeFrame(1), schema, schema, scale, garbage, template, tradeFrame(2));
  await met("all frames", () => client.counters.frames === 7);
  const { by_code, now } = client.status.frame_faults;
  expect(by_code).toEqual({ SBE_SCHEMA: 2, SBE_SCALE: 1, SBE_TRUNCATED: 1, unknown_template: 1 });
  expect(now).toMatchObject({
    code: "unknown_template",
    sentence: expect.stringContaining("template 60000"),
  });
  const dropped = said.filter(({ text }) => text.startsWith("frame dropped"));
  expect(dropped.map(({ level, code }) => [level, code])).toEqual([
    ["warn", "SBE_SCHEMA"],
    ["warn", "SBE_SCALE"],
    ["warn", "SBE_TRUNCATED"],
    ["warn", "unknown_template"],
  ]);
  expect(dropped[0]!.text).toMatch(
    /schema id expected \d+, was 9; another schema needs a decoder of its own/,
  );
});

it("are logged once per minute and code, with how many came in between, and are present for a minute", () => {
  const { said, log } = listener();
  const clock = new ManualClock(1e15);
  const faults = new FrameFaults({ clock, log });
  for (let second = 0; second < 130; second++) {
    faults.note("SBE_SCHEMA", "schema id expected 1, was 9");
    if (second === 5) faults.note("SBE_VALUE", "another");
    clock.advance(1_000);
  }
  expect(said.map(({ code, dropped }) => [code, dropped])).toEqual([
    ["SBE_SCHEMA", 1],
    ["SBE_VALUE", 1],
    ["SBE_SCHEMA", 60],
    ["SBE_SCHEMA", 60],
  ]);
  expect(faults.status.now).toMatchObject({ code: "SBE_SCHEMA" });
  clock.advance(60_000);
  expect(faults.status).toEqual({ by_code: { SBE_SCHEMA: 130, SBE_VALUE: 1 }, now: undefined });
});
