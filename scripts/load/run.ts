/** The load of ops/load/k6.js: clients that poll at a constant rate, and clients that listen. */

import { type Clock, sleep } from "../../src/base/clock.ts";
import { readText } from "../../src/base/http.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { US_PER_MS } from "../../src/base/units.ts";
import type { StreamMessage } from "../../src/serve/messages/stream.ts";
import type { Measured } from "./thresholds.ts";

export interface LoadOptions {
  /** Origin of the service, e.g. "http://127.0.0.1:8080". */
  readonly url: string;
  readonly symbol: string;
  readonly rate_per_s: number;
  readonly listeners: number;
  readonly seconds: number;
  /** API key; undefined: as anybody. */
  readonly key: string | undefined;
  readonly clock: Clock;
}

/** A listener hears of so many of the seconds at least. */
const HEARD_SHARE = 0.9;

export async function load(options: LoadOptions): Promise<Measured> {
  const tally = new Tally();
  const listening = Array.from({ length: options.listeners }, () => listen(options, tally));
  await Promise.all([poll(options, tally), ...listening]);
  const { failed, requests, held, checks, duration_ms, behind_ms } = tally;
  return {
    rates: { http_req_failed: [failed, requests], checks: [held, checks] },
    trends: { http_req_duration: duration_ms, forecast_behind_ms: behind_ms },
  };
}

class Tally {
  requests = 0;
  failed = 0;
  checks = 0;
  held = 0;
  readonly duration_ms: number[] = [];
  readonly behind_ms: number[] = [];

  check(holds: boolean): void {
    this.checks++;
    if (holds) this.held++;
  }
}

/** A request is made when it is due, whether or not those before it are answered. */
async function poll(options: LoadOptions, tally: Tally): Promise<void> {
  const { clock, rate_per_s, seconds } = options;
  const started_us = clock.monotonicUs();
  const asked: Promise<void>[] = [];
  for (let i = 0; i < rate_per_s * seconds; i++) {
    const due_ms = (i / rate_per_s) * 1_000 - (clock.monotonicUs() - started_us) / US_PER_MS;
    if (due_ms > 0) await sleep(clock, due_ms);
    asked.push(ask(options, tally));
  }
  await Promise.all(asked);
}

async function ask({ url, symbol, key, clock }: LoadOptions, tally: Tally): Promise<void> {
  const started_us = clock.monotonicUs();
  tally.requests++;
  let body: { ts_sec?: number } | undefined;
  try {
    const answer = await fetch(`${url}/latest?symbol=${encodeURIComponent(symbol)}`, {
      headers: headersOf(key),
      signal: AbortSignal.timeout(LIMITS.load_answer_ms),
    });
    const text = await readText(answer, "terminal_body_bytes_max", "REST_BODY");
    if (answer.ok) body = JSON.parse(text);
  } catch {
    // Counted below.
  }
  tally.duration_ms.push((clock.monotonicUs() - started_us) / US_PER_MS);
  if (body === undefined) tally.failed++;
  tally.check((body?.ts_sec ?? 0) > 0);
}

async function listen({ url, symbol, key, clock, seconds }: LoadOptions, tally: Tally): Promise<void> {
  const at = `${url.replace(/^http/, "ws")}/stream?symbol=${encodeURIComponent(symbol)}`;
  const socket = new WebSocket(at, { headers: headersOf(key) } as never);
  const opened = Promise.withResolvers<boolean>();
  let forecasts = 0;
  socket.onopen = () => opened.resolve(true);
  socket.onclose = () => opened.resolve(false);
  socket.onerror = () => opened.resolve(false);
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as StreamMessage;
    if (message.type !== "prediction") return;
    forecasts++;
    tally.behind_ms.push((clock.now() - message.emitted_at_us) / US_PER_MS);
  };
  await Promise.all([opened.promise.then((is) => tally.check(is)), sleep(clock, seconds * 1_000)]);
  socket.close();
  tally.check(forecasts >= Math.floor(seconds * HEARD_SHARE));
}

const headersOf = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { Authorization: `Bearer ${key}` };
