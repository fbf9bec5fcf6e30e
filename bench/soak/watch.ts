/** What is noted of a service while it soaks: its forecasts as a client gets them, its memory, its own counters. */

import { systemClock } from "../../src/base/clock.ts";
import { fail } from "../../src/base/errors.ts";
import { US_PER_MS } from "../../src/base/units.ts";
import type { StreamMessage } from "../../src/serve/messages/stream.ts";
import { memoryMb } from "../peers/memory.ts";
import type { RunningService } from "../peers/processes.ts";

const SAMPLE_EVERY_MS = 1_000;
/** Each process keeps the wall clock to some 2 ms by itself: how far the service's is ahead is asked this often (ms). */
const CLOCK_EVERY_MS = 10_000;
/** Of so many answers the quickest counts. */
const CLOCK_ANSWERS = 6;

export interface MemorySample {
  /** Since the first sample (s). */
  readonly at_s: number;
  readonly mb: number;
}

export class SoakWatch {
  /** From a second's close to its forecast at this client (ms), in the order they came. */
  readonly served_ms: number[] = [];
  readonly memory: MemorySample[] = [];
  /** Instants with a forecast. */
  readonly seconds = new Set<number>();
  #socket: WebSocket | undefined;
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  /** How far the service's clock is ahead of this process's, and how long the answer took (µs); newest last. */
  readonly #leads: { readonly lead_us: number; readonly took_us: number }[] = [];
  #closed: Error | undefined;
  #ended = false;

  /** Resolves once the stream is open. */
  async start({ url, pid }: RunningService): Promise<void> {
    while (this.#leads.length < CLOCK_ANSWERS) {
      this.#askClock(url);
      await Bun.sleep(100);
    }
    const socket = new WebSocket(`${url.replace("http", "ws")}/stream?kinds=prediction`);
    this.#socket = socket;
    await new Promise((opened, failed) => {
      socket.addEventListener("open", opened);
      socket.addEventListener("error", failed);
    });
    socket.addEventListener("message", ({ data }: MessageEvent<string>) => this.#take(data));
    socket.addEventListener("close", ({ code, reason }) => {
      this.#closed = new Error(`the service closed /stream: ${code} ${reason}`);
    });
    const begun_ms = performance.now();
    const sample = (): void => {
      const mb = memoryMb(pid, "Rss");
      if (mb > 0) this.memory.push({ at_s: (performance.now() - begun_ms) / 1_000, mb });
    };
    const askClock = (): void => this.#askClock(url);
    this.#timers.push(setInterval(sample, SAMPLE_EVERY_MS), setInterval(askClock, CLOCK_EVERY_MS));
  }

  /** @throws where the service is no longer there: a soak that was cut short proves nothing. */
  check(): void {
    if (this.#closed) throw this.#closed;
  }

  /** What comes from now on is not noted: the service's counters of the end are read next. */
  end(): void {
    this.#ended = true;
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#socket?.close();
  }

  /** A handshake's answer has the service's time; it was said half way between question and answer. */
  #askClock(url: string): void {
    const socket = new WebSocket(`${url.replace("http", "ws")}/stream?kinds=outcome`);
    const asked_us = systemClock.now();
    socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as StreamMessage;
      if (message.type !== "hello") return;
      const read_us = systemClock.now();
      const lead_us = message.server_time_us - (asked_us + read_us) / 2;
      this.#leads.push({ lead_us, took_us: read_us - asked_us });
      if (this.#leads.length > CLOCK_ANSWERS) this.#leads.shift();
      socket.close();
    });
  }

  get #lead_us(): number {
    return this.#leads.toSorted((a, b) => a.took_us - b.took_us)[0]!.lead_us;
  }

  #take(data: string): void {
    const read_us = systemClock.now() + this.#lead_us;
    const message = JSON.parse(data) as StreamMessage;
    if (message.type !== "prediction" || this.#ended) return;
    this.seconds.add(message.ts_sec);
    this.served_ms.push(message.latency_ms + (read_us - message.emitted_at_us) / US_PER_MS);
  }
}

/** The sums over all labels of the service's counters, by name without prefix. */
export async function countersOf({ url }: RunningService): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${url}/metrics`);
  if (!response.ok) fail("INVARIANT", `/metrics expected 200, was ${response.status}`);
  const sums = new Map<string, number>();
  for (const line of (await response.text()).split("\n")) {
    const found = /^foretick_(\w+)(?:\{.*\})? (\S+)$/.exec(line);
    if (found) sums.set(found[1]!, (sums.get(found[1]!) ?? 0) + Number(found[2]));
  }
  return sums;
}
