/** Real market data through the engine: eleven minutes around midnight, every second against the referee. */

import { expect, it } from "vitest";
import { micros, secondOf, unixSec } from "../../../src/base/units.ts";
import { encodeMessage } from "../../../src/binance/sbe/encode.ts";
import { FrameReader } from "../../../src/binance/stream/reader.ts";
import { FeatureEngine } from "../../../src/features/live/engine.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { recordingSource } from "../../../src/sim/recording/recording.ts";
import { RECORDING, recording_is_here } from "../../sim/markets.ts";
import { type Arrival, NaiveV1, sift } from "../naive/naive.ts";

/** In the order sent; a second closes half a second after its end, as far as the sender's clock tells. */
async function arrivals(): Promise<Arrival[]> {
  const source = await recordingSource(RECORDING);
  const reader = new FrameReader({ symbols: [source.symbol] });
  const found: Arrival[] = [];
  let sec: number = secondOf(micros(source.start_us));
  const messages = source.messages();
  for (let next = messages.next(); !next.done; next = messages.next()) {
    const { at_us, message } = next.value;
    for (; at_us > (sec + 1.5) * 1e6; sec++) found.push({ kind: "close", sec });
    reader.read(encodeMessage(message), micros(at_us), (event) => {
      if (event.kind === "trade" || event.kind === "quote") found.push({ kind: "event", event });
    });
  }
  return found;
}

it.skipIf(!recording_is_here)("the recording's every vector equals the referee to the last bit", async () => {
  const tape = await arrivals();
  const sifted = sift(tape);
  expect(sifted.trades.length + sifted.quotes.length + sifted.late.size).toBe(19_904 + 73_174);
  const closes = tape.flatMap((arrival) => (arrival.kind === "close" ? [arrival.sec] : []));
  const first_sec = closes[0]!;
  const naive = new NaiveV1(sifted, first_sec + 1);
  const engine = new FeatureEngine({ symbol: "BTCUSDT", sets: [v1], data_from_sec: first_sec + 1 });
  const differences: string[] = [];
  let [compared, warm] = [0, 0];
  for (const arrival of tape) {
    if (arrival.kind === "event") {
      const { event } = arrival;
      if (event.kind === "trade") engine.onTrade(event);
      else if (event.kind === "quote") engine.onQuote(event);
      continue;
    }
    const [vector] = engine.closeSecond(unixSec(arrival.sec));
    const expected = naive.at(arrival.sec + 1);
    compared += 1;
    warm += Number(vector!.warm);
    if (vector!.warm !== expected.warm) differences.push(`${arrival.sec + 1} warm`);
    for (const [index, name] of v1.names.entries()) {
      const [was, wanted] = [vector!.values[index]!, expected.values[index] ?? Number.NaN];
      if (!Object.is(was, wanted)) differences.push(`${arrival.sec + 1} ${name}: ${was}, not ${wanted}`);
    }
  }
  expect(differences.slice(0, 5)).toEqual([]);
  expect(compared).toBeGreaterThanOrEqual(645);
  expect(warm).toBeGreaterThan(40);
});
