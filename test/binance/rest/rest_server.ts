/** A REST server of a few lines, and our client at it on a clock of its own. */

import { expect } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import type { ErrorCode, ForetickError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { RestClient } from "../../../src/binance/rest/client.ts";
import type { RestOptions } from "../../../src/binance/rest/transport.ts";
import { refusal } from "../../base/rejection.ts";
import { eventually } from "../eventually.ts";

export const NOW_US = 1_759_737_766_615_822;

export type Answer = (url: URL, request: Request) => Response | Promise<Response>;

/** A REST server of a few lines; `seen` are the requests in order. */
class TestServer {
  readonly seen: { url: URL; headers: Headers }[] = [];
  readonly #server: ReturnType<typeof Bun.serve>;

  constructor(answer: Answer) {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 0,
      fetch: (request) => {
        const url = new URL(request.url);
        this.seen.push({ url, headers: request.headers });
        return answer(url, request);
      },
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async close(): Promise<void> {
    await this.#server.stop(true);
  }
}

const open: { close(): Promise<void> }[] = [];

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const thing of open.splice(0).reverse()) await thing.close();
}

export function start(answer: Answer, options: Partial<RestOptions> = {}) {
  const server = new TestServer(answer);
  const clock = new ManualClock(NOW_US);
  const client = new RestClient({
    origin: server.origin,
    clock,
    rng: seededRng(1),
    log: silentLogger,
    ...options,
  });
  open.push(server, client);
  return { server, clock, client };
}

export function tradeRow(id: number) {
  return {
    id,
    price: "61837.63000000",
    qty: "0.00012000",
    quoteQty: "7.42",
    time: NOW_US,
    isBuyerMaker: id % 2 === 0,
    isBestMatch: true,
  };
}

export async function expectCode(promise: Promise<unknown>, code: ErrorCode): Promise<ForetickError> {
  const error = await refusal(promise);
  expect(error.code).toBe(code);
  return error;
}

/** Lets `clock` run in steps until `promise` is settled, while the sockets do their work. */
export async function runUntilSettled<T>(clock: ManualClock, promise: Promise<T>, step_ms = 250): Promise<T> {
  let settled = false;
  const mark = (): void => {
    settled = true;
  };
  promise.then(mark, mark);
  await eventually("the answer", () => {
    clock.advance(step_ms);
    return settled;
  });
  return promise;
}
