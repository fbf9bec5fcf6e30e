/** The service's paths over a small market, asked without a port. */

import { expect } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { createApp } from "../../src/serve/app.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import { FakeMarket } from "./fake_market.ts";

export const START_SEC = 1_732_180_000;

export interface Answer {
  status: number;
  headers: Headers;
  // Answers are read as a caller would: by name, whatever else is there.
  body: Record<string, unknown> & { predictions?: Record<string, unknown>[]; dependencies?: unknown[] };
}

/** Its clock stands one second after the last tick. */
export function serve(market = new FakeMarket(), seconds = 0) {
  for (let sec = START_SEC; sec < START_SEC + seconds; sec++) market.tick(sec);
  const clock = new ManualClock((START_SEC + seconds) * 1e6);
  const app = createApp({ ports: market, hub: new StreamHub(market, clock), clock, log: silentLogger });
  const get = async (path: string, init?: RequestInit): Promise<Answer> => {
    const response = await app.request(path, init);
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json");
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : { text } };
  };
  return { market, clock, app, get };
}

export function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.body).toMatchObject({ status, code, type: `urn:foretick:problem:${code.toLowerCase()}` });
  expect(answer.body.title).toBeTypeOf("string");
  expect(answer.body.request_id).toBe(answer.headers.get("x-request-id"));
}
