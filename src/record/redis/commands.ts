/** The commands that write a batch: an entry to its stream for each thing that happened, and the values that are now. */

import { LIMITS } from "../../base/limits.ts";
import { type Micros, US_PER_SEC } from "../../base/units.ts";
import { vectorJsonText } from "../../features/vector_json.ts";
import { outcomeEntry, predictionEntry, predictionText } from "./codec/forecast.ts";
import { marketEntry } from "./codec/market.ts";
import { vectorEntry } from "./codec/vector.ts";
import type { Command } from "./guard.ts";
import type { RedisKeys, RedisStream } from "./keys.ts";
import type { Taken } from "./waiting.ts";

const STREAM_OF = { trade: "trade", quote: "quote", depth_diff: "depth" } as const;

export interface CommandOptions {
  readonly keys: RedisKeys;
  /** About so many entries of a stream are kept. */
  readonly maxlen: number;
  readonly now_us: Micros;
}

export function commandsOf(
  symbol: string,
  taken: Taken,
  { keys, maxlen, now_us }: CommandOptions,
): Command[] {
  const add = (stream: RedisStream, entry: readonly string[]): Command => [
    ...["XADD", keys.stream(stream), "MAXLEN", "~", String(maxlen), "*"],
    ...entry,
  ];
  const commands: Command[] = [];
  for (const item of taken.forecasts) {
    if (item.kind === "outcome") commands.push(add("outcome", outcomeEntry(item.outcome)));
    else commands.push(add("prediction", predictionEntry(item.prediction)));
  }
  const latest = taken.forecasts.findLast((item) => item.kind === "prediction" && item.prediction.served);
  if (latest?.kind === "prediction") {
    commands.push(["SET", keys.latest(symbol), predictionText(latest.prediction)]);
  }
  for (const aged of taken.vectors) {
    commands.push(add("vector", vectorEntry(aged)));
    const left_s = LIMITS.redis_vector_s - Math.floor((now_us - aged.closed_at_us) / US_PER_SEC);
    const { ts_sec } = aged.vector;
    if (left_s > 0) {
      commands.push(["SET", keys.vector(symbol, ts_sec), vectorJsonText(aged.vector), "EX", String(left_s)]);
    }
  }
  for (const event of taken.events) commands.push(add(STREAM_OF[event.kind], marketEntry(event)));
  return commands;
}
