/** The exchange as a service needs it: REST, the clock, the symbols, and a stream that takes the key. */

import type { Clock } from "../../src/base/clock.ts";
import type { Config } from "../../src/base/config.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import { seededRng } from "../../src/base/rng.ts";
import { US_PER_MS } from "../../src/base/units.ts";
import { RestClient } from "../../src/binance/rest/client.ts";
import { requireServable } from "../../src/binance/rest/servable.ts";
import { ExchangeSocket } from "../../src/binance/stream/connection/socket.ts";
import { bad, type Check, type Finding, ok, warn } from "./check.ts";

type Of = Pick<Config, "binance_rest_url" | "binance_sbe_url" | "binance_api_key" | "symbols">;

const NETWORK = "check the network, and that BINANCE_REST_URL is the exchange's";

export function exchangeChecks(config: Of, clock: Clock): Check[] {
  const rest = new RestClient({
    ...{ clock, rng: seededRng(1), log: silentLogger, origin: config.binance_rest_url },
    api_key: config.binance_api_key,
    ...{ tries_max: 1, timeout_ms: LIMITS.doctor_answer_ms, wait_max_ms: LIMITS.doctor_answer_ms },
  });
  const settings = ["BINANCE_REST_URL"];
  return [
    { name: "exchange", settings, remedy: NETWORK, run: () => reachable(rest, config, clock) },
    { name: "clock", settings, remedy: NETWORK, run: () => clockOf(rest, clock) },
    {
      name: "symbols",
      settings: [...settings, "SYMBOLS"],
      remedy: NETWORK,
      run: () => symbolsOf(rest, config.symbols, clock),
    },
    {
      name: "streams",
      settings: ["BINANCE_SBE_URL", "BINANCE_API_KEY", "SYMBOLS"],
      remedy: "check the network and BINANCE_SBE_URL",
      run: () => streamOf(config, clock),
    },
  ];
}

async function timed(rest: RestClient, clock: Clock) {
  const before_us = clock.now();
  const server_us = await rest.serverTime();
  const after_us = clock.now();
  return {
    round_trip_ms: (after_us - before_us) / US_PER_MS,
    ahead_ms: (server_us - (before_us + after_us) / 2) / US_PER_MS,
  };
}

async function reachable(rest: RestClient, { binance_rest_url }: Of, clock: Clock): Promise<Finding> {
  const { round_trip_ms } = await timed(rest, clock);
  return ok(`${binance_rest_url} answers, in ${Math.round(round_trip_ms)} ms`);
}

/** By the quicker of two answers: the first opens the connection. */
async function clockOf(rest: RestClient, clock: Clock): Promise<Finding> {
  const first = await timed(rest, clock);
  const second = await timed(rest, clock);
  const { ahead_ms, round_trip_ms } = first.round_trip_ms < second.round_trip_ms ? first : second;
  const skew_ms = Math.abs(ahead_ms);
  const side = ahead_ms > 0 ? "behind" : "ahead of";
  const found = `this clock is ${Math.round(skew_ms)} ms ${side} the exchange's (± ${Math.ceil(round_trip_ms / 2)} ms)`;
  const remedy = "set it by NTP: timedatectl set-ntp true, or chronyd";
  if (skew_ms - round_trip_ms / 2 > LIMITS.belief_step_ms_min) return bad(found, remedy);
  return skew_ms - round_trip_ms / 2 > LIMITS.doctor_skew_ms_max ? warn(found, remedy) : ok(found);
}

async function symbolsOf(rest: RestClient, symbols: readonly string[], clock: Clock): Promise<Finding> {
  const found = await Promise.all(symbols.map((symbol) => rest.exchangeInfo(symbol)));
  const still = found.filter(({ status }) => status !== "TRADING");
  if (still.length > 0) {
    const states = still.map(({ symbol, status }) => `${symbol} has status ${status}`).join(", ");
    return warn(states, "wait until trading resumes, or take it out of SYMBOLS");
  }
  await requireServable(symbols, rest, clock);
  return ok(`${symbols.join(", ")} ${symbols.length === 1 ? "trades" : "trade"}`);
}

/** As the service does: connected with the key, and asked for one stream of each symbol. */
async function streamOf({ binance_sbe_url, binance_api_key, symbols }: Of, clock: Clock): Promise<Finding> {
  const subscribed = Promise.withResolvers<void>();
  const began_us = clock.monotonicUs();
  const socket = new ExchangeSocket({
    ...{ origin: binance_sbe_url, api_key: binance_api_key, clock, log: silentLogger },
    streams: symbols.map((symbol) => `${symbol.toLowerCase()}@trade`),
    timing: {
      connect_timeout_ms: LIMITS.doctor_answer_ms,
      ack_timeout_ms: LIMITS.doctor_answer_ms,
      close_timeout_ms: 1_000,
    },
    counters: { pings: 0, text_frames: 0, text_unknown: 0, shutdown_notices: 0 },
    onSubscribed: subscribed.resolve,
    onFrame: () => {},
    onShutdownNotice: () => {},
    onEnd: (error) => subscribed.reject(error),
  });
  try {
    await subscribed.promise;
    const took_ms = Math.round((clock.monotonicUs() - began_us) / US_PER_MS);
    const key = binance_api_key === undefined ? "takes us without a key" : "takes the key";
    return ok(`${binance_sbe_url} ${key} and the subscription, in ${took_ms} ms`);
  } finally {
    await socket.close();
  }
}
