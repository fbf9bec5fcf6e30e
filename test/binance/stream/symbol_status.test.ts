import { expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { ForetickError } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { SymbolStatus } from "../../../src/binance/stream/symbol_status.ts";
import { eventually } from "../eventually.ts";

function asked(answers: (string | ForetickError)[]) {
  const clock = new ManualClock(1e15);
  let questions = 0;
  let seen_us = 0;
  const status = new SymbolStatus({
    ...{ clock, log: silentLogger, lastSeen: () => seen_us },
    ask: async () => {
      const answer = answers[Math.min(questions++, answers.length - 1)]!;
      if (answer instanceof ForetickError) throw answer;
      return answer;
    },
  });
  const answered = (count: number) => eventually("the question", () => questions === count);
  return {
    ...{ clock, status, answered, questions: () => questions },
    deliver: () => {
      seen_us = clock.monotonicUs() + 1;
    },
  };
}

it("names a halted symbol until it trades again, and asks now and then while it is silent", async () => {
  const { clock, status, answered, questions } = asked(["BREAK", "BREAK", "TRADING"]);
  for (let silences = 0; silences < 5; silences++) status.onSilent("BTCUSDT");
  await eventually("its name", () => status.of("BTCUSDT") !== undefined);
  expect(status.of("BTCUSDT")).toMatch(/^BTCUSDT is in status BREAK: the exchange does not trade it now/);
  expect(status.of("ETHUSDT")).toBeUndefined();
  expect(questions()).toBe(1);
  clock.advance(LIMITS.symbol_status_every_ms);
  await answered(2);
  expect(status.of("BTCUSDT")).toContain("BREAK");
  await eventually("the last answer", () => {
    clock.advance(LIMITS.symbol_status_every_ms / 4);
    return status.of("BTCUSDT") === undefined;
  });
  expect(questions()).toBe(3);
  status.close();
});

it("names a symbol the exchange does not have, and forgets it with its first event", async () => {
  const unknown = new ForetickError("REST_STATUS", "Invalid symbol.", { details: { code: -1121 } });
  const { status, deliver } = asked([unknown]);
  status.onSilent("BTCUSD");
  await eventually("its name", () => status.of("BTCUSD") !== undefined);
  expect(status.of("BTCUSD")).toBe(
    "the exchange has no symbol BTCUSD: it was delisted, or is spelt wrong in SYMBOLS",
  );
  deliver();
  expect(status.of("BTCUSD")).toBeUndefined();
  status.close();
});

it("says nothing where the exchange does not answer, and asks again", async () => {
  const down = new ForetickError("REST_STATUS", "expected HTTP 200, was 503");
  const { clock, status, answered } = asked([down, "HALT"]);
  status.onSilent("BTCUSDT");
  await answered(1);
  expect(status.of("BTCUSDT")).toBeUndefined();
  await eventually("the next answer", () => {
    clock.advance(LIMITS.symbol_status_every_ms / 4);
    return status.of("BTCUSDT") !== undefined;
  });
  expect(status.of("BTCUSDT")).toContain("status HALT");
  status.close();
});
