/** What the REST client does not do, however it is asked: hammer a ban, read without end, show the key to another host. */

import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { RestClient } from "../../../src/binance/rest/client.ts";
import type { RestOptions } from "../../../src/binance/rest/transport.ts";
import { refusal } from "../../base/rejection.ts";
import { met } from "../../met.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function serve(answer: (request: Request) => Response | Promise<Response>) {
  const seen: Request[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      seen.push(request);
      return answer(request);
    },
  });
  cleanups.push(() => server.stop(true));
  return { seen, origin: `http://127.0.0.1:${server.port}` };
}

function clientOf(origin: string, options: Partial<RestOptions> = {}): RestClient {
  const backoff = { first_ms: 1, cap_ms: 1 };
  const client = new RestClient({ origin, clock: systemClock, rng: seededRng(1), log, backoff, ...options });
  cleanups.push(() => client.close());
  return client;
}

describe("the REST client", () => {
  it("asks once where it is banned for 30 days, and holds the rest in its queue without a loop", async () => {
    const { seen, origin } = serve(
      () => new Response("{}", { status: 418, headers: { "Retry-After": "2592000" } }),
    );
    let timers = 0;
    const clock = {
      ...systemClock,
      after: (ms: number, run: () => void) => {
        timers++;
        return systemClock.after(ms, run);
      },
    };
    const client = clientOf(origin, { clock, wait_max_ms: Number.POSITIVE_INFINITY });
    const asked = Array.from({ length: 20 }, () => client.trades("BTCUSDT", 1).catch((error) => error));
    await met("the ban is known", () => client.counters.rate_limited > 0);
    const [at_ban, sent] = [timers, seen.length];
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(timers - at_ban).toBeLessThan(50);
    expect(seen.length).toBe(sent);
    expect(sent).toBeLessThanOrEqual(LIMITS.rest_in_flight_max);
    client.close();
    for (const error of await Promise.all(asked)) expect(error.code).toBe("REST_UNREACHABLE");
  });

  it("leaves a body of 150 MB where it is", async () => {
    let sent = 0;
    const { origin } = serve(
      () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              sent += 1 << 20;
              if (sent > 150 << 20) controller.close();
              else controller.enqueue(new Uint8Array(1 << 20).fill(0x20));
            },
          }),
        ),
    );
    const error = await refusal(clientOf(origin).trades("BTCUSDT", 1));
    expect(error).toMatchObject({
      code: "REST_BODY",
      message: expect.stringContaining(`expected at most ${LIMITS.rest_body_bytes_max} bytes`),
    });
    expect(sent).toBeLessThan(150 << 20);
  });

  it("does not follow a redirect with the key, and says what to set", async () => {
    const other = serve(() => Response.json([]));
    const { origin } = serve(() => Response.redirect(`${other.origin}/api/v3/trades`, 302));
    const error = await refusal(clientOf(origin, { api_key: "the-key" }).trades("BTCUSDT", 1));
    expect(error.code).toBe("REST_STATUS");
    expect(error.message).toMatch(
      new RegExp(`was sent on to ${other.origin} \\(HTTP 302\\): not followed.*BINANCE_REST_URL`),
    );
    expect(error.message).not.toContain("the-key");
    expect(other.seen).toHaveLength(0);
  });

  it.each([
    [
      451,
      '{"code":0,"msg":"Service unavailable from a restricted location"}',
      /does not serve this region, whatever the key/,
    ],
    [401, '{"code":-2014,"msg":"API-key format invalid."}', /set BINANCE_API_KEY/],
    [
      401,
      '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}',
      /BINANCE_API_KEY.*IP whitelist/,
    ],
  ])("says the remedy for HTTP %d %s, once, without another try", async (status, body, remedy) => {
    const { seen, origin } = serve(() => new Response(body, { status }));
    const error = await refusal(clientOf(origin, { api_key: "the-key" }).trades("BTCUSDT", 1));
    expect(error.message).toMatch(remedy);
    expect(error.message).not.toContain("the-key");
    expect(seen).toHaveLength(1);
  });
});
