/**
 * GETs from the archive: plain files behind a cache. A failure that may pass is tried again with growing
 * waits. A body may be gigabytes, so it has no deadline as a whole; each of its chunks has one.
 */

import { type Clock, sleep } from "../../base/clock.ts";
import { describeError, ForetickError, fail } from "../../base/errors.ts";
import { retryAfterSeconds } from "../../base/http.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Rng } from "../../base/rng.ts";
import { US_PER_MS } from "../../base/units.ts";
import { type Backoff, backoffMs } from "../backoff.ts";

export interface ArchiveHttpOptions {
  /** Without path, e.g. `https://data.binance.vision`. */
  readonly origin: string;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  /** Tries of one file, the first included. */
  readonly tries_max?: number;
  readonly backoff?: Backoff;
  /** Longest silence, before the answer or within it (ms). */
  readonly stall_ms?: number;
}

export interface Body {
  /** As the server announced it; undefined where it did not. */
  readonly bytes: number | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

const TRIES_MAX = 6;
const BACKOFF: Backoff = { first_ms: 500, cap_ms: 20_000 };
const STALL_MS = 30_000;
const RETRY_AFTER_S_MAX = 300;

/** A failure after which the same request may succeed. */
class Passing extends ForetickError {
  readonly wait_ms: number | undefined;

  constructor(message: string, options: { cause?: unknown; wait_ms?: number | undefined } = {}) {
    super("ARCHIVE_UNREACHABLE", message, options);
    this.wait_ms = options.wait_ms;
  }
}

export class ArchiveHttp {
  readonly counters = { requests: 0, retries: 0, bytes: 0 };
  readonly #options: ArchiveHttpOptions;
  readonly #closed = new AbortController();

  constructor(options: ArchiveHttpOptions) {
    this.#options = options;
  }

  /**
   * Gives the body of `path` to `read`, which is called again at each try.
   *
   * @returns undefined where there is no such file.
   * @throws ForetickError ARCHIVE_UNREACHABLE after the last try, or when closed.
   */
  async get<T>(
    path: string,
    read: (body: Body) => Promise<T>,
    method: "GET" | "HEAD" = "GET",
  ): Promise<T | undefined> {
    const { clock, rng, log } = this.#options;
    const url = new URL(path, this.#options.origin).href;
    for (let tries = 1; ; tries++) {
      try {
        return await this.#attempt(url, read, method);
      } catch (error) {
        const last = tries >= (this.#options.tries_max ?? TRIES_MAX) || this.#closed.signal.aborted;
        if (!(error instanceof Passing) || last) throw error;
        this.counters.retries++;
        const delay_ms = error.wait_ms ?? backoffMs(this.#options.backoff ?? BACKOFF, tries, rng);
        log.warn({ code: error.code, tries, delay_ms: Math.round(delay_ms) }, error.message);
        await sleep(clock, delay_ms);
      }
    }
  }

  /** Aborts what is on its way; nothing is tried again. May be called twice. */
  close(): void {
    this.#closed.abort();
  }

  async #attempt<T>(
    url: string,
    read: (body: Body) => Promise<T>,
    method: "GET" | "HEAD",
  ): Promise<T | undefined> {
    const watch = new Watch(this.#options.clock, this.#options.stall_ms ?? STALL_MS, this.#closed.signal);
    this.counters.requests++;
    try {
      const response = await fetch(url, { method, signal: watch.signal });
      if (response.status === 404) {
        await response.body?.cancel();
        return undefined;
      }
      if (!response.ok) await refused(url, response, this.#options.clock.now() / US_PER_MS);
      return await read(this.#body(url, response, watch));
    } catch (cause) {
      if (cause instanceof ForetickError) throw cause;
      const what = watch.stalled ? "no byte came for too long" : describeError(cause);
      throw new Passing(`${url} expected to be read, was not: ${what}`, { cause });
    } finally {
      watch.end();
    }
  }

  #body(url: string, response: Response, watch: Watch): Body {
    const announced = response.headers.get("content-length");
    const encoded = response.headers.has("content-encoding");
    const bytes = announced !== null && !encoded ? Number(announced) : undefined;
    const counters = this.counters;
    async function* chunks(): AsyncGenerator<Uint8Array> {
      let received = 0;
      if (bytes !== undefined && bytes > LIMITS.archive_file_bytes_max) tooLarge(url, bytes);
      for await (const chunk of response.body ?? []) {
        watch.seen();
        received += chunk.byteLength;
        counters.bytes += chunk.byteLength;
        if (received > LIMITS.archive_file_bytes_max) tooLarge(url, received);
        yield chunk;
      }
      if (bytes !== undefined && received !== bytes) {
        throw new Passing(`${url} expected ${bytes} bytes, broke off after ${received}`);
      }
    }
    return { bytes, chunks: chunks() };
  }
}

function tooLarge(url: string, bytes: number): never {
  return fail(
    "ARCHIVE_CONTENT",
    `${url} expected at most ${LIMITS.archive_file_bytes_max} bytes, was ${bytes} or more; check ARCHIVE_URL`,
  );
}

async function refused(url: string, response: Response, now_ms: number): Promise<never> {
  const { status } = response;
  await response.body?.cancel();
  const message = `expected HTTP 200 from ${url}, was ${status}`;
  if (status === 429 || status === 418 || status >= 500) {
    const seconds = retryAfterSeconds(response.headers, now_ms, RETRY_AFTER_S_MAX);
    throw new Passing(message, { wait_ms: seconds === undefined ? undefined : seconds * 1e3 });
  }
  return fail("ARCHIVE_UNREACHABLE", `${message}; check ARCHIVE_URL`, { details: { status } });
}

/** Aborts a request in which nothing moves. */
class Watch {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #stall_ms: number;
  readonly #closed: AbortSignal;
  readonly #abort = (): void => this.#controller.abort();
  #timer: ReturnType<Clock["after"]>;
  stalled = false;

  constructor(clock: Clock, stall_ms: number, closed: AbortSignal) {
    this.#clock = clock;
    this.#stall_ms = stall_ms;
    this.#closed = closed;
    if (closed.aborted) this.#controller.abort();
    closed.addEventListener("abort", this.#abort);
    this.#timer = this.#arm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  seen(): void {
    this.#timer.cancel();
    this.#timer = this.#arm();
  }

  end(): void {
    this.#timer.cancel();
    this.#closed.removeEventListener("abort", this.#abort);
  }

  #arm(): ReturnType<Clock["after"]> {
    return this.#clock.after(this.#stall_ms, () => {
      this.stalled = true;
      this.#controller.abort();
    });
  }
}
