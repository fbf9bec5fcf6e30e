/** An open stream does not outlive the credential it was opened with. */

import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { fail } from "../../src/base/errors.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { Micros } from "../../src/base/units.ts";
import { type StoredKey, sha256Of } from "../../src/record/access/api_keys.ts";
import { Access } from "../../src/serve/access/access.ts";
import { KeyRing } from "../../src/serve/access/key_ring.ts";
import { startServer } from "../../src/serve/server.ts";
import { met } from "../met.ts";
import { FakeMarket } from "./fake_market.ts";

const START_US = 1_732_180_000_000_000 as Micros;
const KEY = `ft_aaaaaaaaaa_${"s".repeat(43)}`;
/** Until a key that was revoked has certainly ended its streams: looked at when it is not old enough to be read anew, it is at the next look (ms). */
const BOUND_MS = 2 * LIMITS.keys_age_ms + 2 * LIMITS.credential_watch_ms;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(public_read: boolean, expires_us: Micros | null = null) {
  const clock = new ManualClock(START_US);
  const key: StoredKey = {
    ...{ key_id: "aaaaaaaaaa", sha256: sha256Of(KEY), role: "viewer", name: "desk", created_by: "anna" },
    ...{ created_us: START_US, expires_us, revoked_us: null, last_used_us: null },
  };
  const state: { keys: StoredKey[]; away: boolean } = { keys: [key], away: false };
  const read = async (): Promise<StoredKey[]> =>
    state.away ? fail("STORE_UNREACHABLE", "away") : state.keys;
  const keys = new KeyRing({ clock, read, onUsed: () => {} });
  const access = new Access({ public_read, credentials: [keys] });
  const market = new FakeMarket();
  const server = await startServer({
    ports: market,
    port: 0,
    hostname: "127.0.0.1",
    log: silentLogger,
    clock,
    access,
  });
  closers.push(() => server.close());
  const revoke = (): void => {
    state.keys = [{ ...key, revoked_us: START_US }];
  };
  /** Time goes on in steps: what is due at one is done before the next. */
  async function pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += LIMITS.credential_watch_ms) {
      clock.advance(LIMITS.credential_watch_ms);
      for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
    }
  }
  const ended = () => market.metrics.samples("foretick_stream_not_allowed_total")[0]!.value;
  return { server, clock, state, market, revoke, pass, ended };
}

/** A WebSocket with a key, as a browser's page opens one; or without. */
function opened(url: string, key: string | undefined) {
  const socket = new WebSocket(
    `${url.replace("http", "ws")}/stream`,
    key ? ["foretick", `bearer.${key}`] : [],
  );
  closers.push(() => socket.close());
  const seen: { open: boolean; closed?: { code: number; reason: string } } = { open: false };
  socket.onmessage = () => {
    seen.open = true;
  };
  socket.onclose = ({ code, reason }) => {
    seen.closed = { code, reason };
  };
  return seen;
}

describe("an open stream", () => {
  it("ends when its key is revoked, with a code and the reason; others go on", async () => {
    const { server, revoke, pass, ended } = await start(true);
    const [own, other] = [opened(server.url, KEY), opened(server.url, undefined)];
    await met("both are open", () => own.open && other.open);
    await pass(10 * BOUND_MS);
    expect([ended(), own.closed]).toEqual([0, undefined]);
    revoke();
    await pass(BOUND_MS);
    await met("the end", () => own.closed !== undefined);
    expect(own.closed).toEqual({
      code: 1008,
      reason: "the credential is not valid: the key aaaaaaaaaa was revoked.",
    });
    expect([ended(), other.closed]).toEqual([1, undefined]);
  });

  it("ends when its key expires", async () => {
    const { server, pass } = await start(true, (START_US + 60_000_000) as Micros);
    const own = opened(server.url, KEY);
    await met("it is open", () => own.open);
    await pass(59_000);
    expect(own.closed).toBeUndefined();
    await pass(2 * LIMITS.credential_watch_ms);
    await met("the end", () => own.closed !== undefined);
    expect(own.closed).toMatchObject({ code: 1008, reason: expect.stringContaining("has expired") });
  });

  it("ends where its key cannot be looked up for longer than keys are believed, with leave to come back", async () => {
    const { server, state, pass } = await start(true);
    const own = opened(server.url, KEY);
    await met("it is open", () => own.open);
    state.away = true;
    await pass(LIMITS.keys_age_ms_max - LIMITS.keys_age_ms);
    expect(own.closed).toBeUndefined();
    await pass(3 * LIMITS.keys_age_ms);
    await met("the end", () => own.closed !== undefined);
    expect(own.closed).toMatchObject({ code: 1013 });
  });

  it("of events ends with an event that says why", async () => {
    const { server, revoke, pass } = await start(false);
    const answer = await fetch(`${server.url}/events`, { headers: { "x-api-key": KEY } });
    expect(answer.status).toBe(200);
    const text = answer.text();
    revoke();
    await pass(BOUND_MS);
    expect((await text).split("\n\n").at(-2)).toBe(
      'event: closed\ndata: {"code":"UNAUTHENTICATED","reason":"the credential is not valid: the key aaaaaaaaaa was revoked."}',
    );
    expect((await fetch(`${server.url}/events`, { headers: { "x-api-key": KEY } })).status).toBe(401);
  });
});
