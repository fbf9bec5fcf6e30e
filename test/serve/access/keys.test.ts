/** Keys in memory, and what is written down about callers. */

import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { fail } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { Metrics } from "../../../src/base/metrics.ts";
import { type Micros, micros } from "../../../src/base/units.ts";
import { type StoredKey, sha256Of } from "../../../src/record/access/api_keys.ts";
import type { AuditEntry } from "../../../src/record/audit/audit.ts";
import { KeyRing } from "../../../src/serve/access/key_ring.ts";
import { AccessRecords } from "../../../src/serve/access/records.ts";
import { codeOf } from "../../base/rejection.ts";

const START_US = micros(1_732_180_000_000_000);
const secretOf = (id: string): string => `ft_${id}_${"s".repeat(43)}`;

function stored(id: string, changes: Partial<StoredKey> = {}): StoredKey {
  return {
    ...{ key_id: id, sha256: sha256Of(secretOf(id)), role: "operator", name: id, created_by: "anna" },
    ...{ created_us: START_US, expires_us: null, revoked_us: null, last_used_us: null },
    ...changes,
  };
}

function ring(keys: StoredKey[]) {
  const clock = new ManualClock(START_US);
  const used: string[] = [];
  const state = { keys, readings: 0, away: false };
  const read = async (): Promise<StoredKey[]> => {
    state.readings++;
    return state.away ? fail("STORE_UNREACHABLE", "away") : [...state.keys];
  };
  return { clock, used, state, ring: new KeyRing({ clock, read, onUsed: (id) => used.push(id) }) };
}

const A = "aaaaaaaaaa";
const B = "bbbbbbbbbb";

describe("the ring of keys", () => {
  it("knows a key by its secret, all of it, and nothing else", async () => {
    const { ring: keys, used } = ring([stored(A)]);
    expect(await keys.identify(secretOf(A))).toEqual({
      ...{ actor: `${A} (key ${A})`, role: "operator", id: A },
      ...{ expires_us: null, again_ms: LIMITS.keys_age_ms },
    });
    expect(await keys.identify(`${secretOf(A).slice(0, -1)}t`)).toBe("there is no such key");
    expect(await keys.identify(secretOf(B))).toBe("there is no such key");
    for (const other of ["ft_", `ft_${A}_short`, `${secretOf(A)} `, `FT_${A}_${"s".repeat(43)}`]) {
      expect(await keys.identify(other)).toContain("form");
    }
    expect(used).toEqual([A]);
  });

  it("refuses one that was revoked or has expired", async () => {
    const soon = micros(START_US + 1_000_000);
    const { ring: keys, clock, state } = ring([stored(A), stored(B, { expires_us: soon as Micros })]);
    expect(await keys.identify(secretOf(B))).toMatchObject({ id: B });
    clock.advance(1_000);
    expect(await keys.identify(secretOf(B))).toContain("expired");
    state.keys = [stored(A, { revoked_us: START_US })];
    clock.advance(LIMITS.keys_age_ms);
    expect(await keys.identify(secretOf(A))).toContain("revoked");
    expect(await keys.any()).toBe(false);
  });

  it("asks the database once for many requests, and for strangers' keys once a second", async () => {
    const { ring: keys, clock, state } = ring([stored(A)]);
    await Promise.all(Array.from({ length: 100 }, () => keys.identify(secretOf(A))));
    for (let n = 0; n < 100; n++) await keys.identify(secretOf(B));
    expect(state.readings).toBe(1);
    state.keys = [stored(A), stored(B)];
    clock.advance(LIMITS.keys_again_ms + 1);
    expect(await keys.identify(secretOf(B))).toMatchObject({ id: B });
    expect(state.readings).toBe(2);
  });

  it("believes what it knew for a while where the database is away, and then nobody", async () => {
    const { ring: keys, clock, state } = ring([stored(A)]);
    await keys.identify(secretOf(A));
    state.away = true;
    clock.advance(LIMITS.keys_age_ms + 1);
    expect(await keys.identify(secretOf(A))).toMatchObject({ id: A });
    clock.advance(LIMITS.keys_age_ms_max);
    for (let n = 0; n < 10; n++) expect(await codeOf(keys.identify(secretOf(A)))).toBe("STORE_UNREACHABLE");
    expect(state.readings).toBe(3);
    state.away = false;
    clock.advance(LIMITS.keys_again_ms + 1);
    expect(await keys.identify(secretOf(A))).toMatchObject({ id: A });
  });
});

describe("the record of refusals", () => {
  function records() {
    const clock = new ManualClock(START_US);
    const state = { written: [] as AuditEntry[], used: [] as string[], away: false };
    const kept = new AccessRecords({
      ...{ clock, log: silentLogger, metrics: new Metrics() },
      write: async (entries, used) => {
        if (state.away) fail("STORE_UNREACHABLE", "away");
        state.written.push(...entries);
        state.used.push(...used);
      },
    });
    const refuse = (actor: string) =>
      kept.refused({ code: "FORBIDDEN", route: "POST /x", actor, address: "192.0.2.1" });
    return { clock, state, kept, refuse };
  }

  it("is a few rows with counts, however many are refused", async () => {
    const { state, kept, refuse } = records();
    for (let n = 0; n < 1_000; n++) refuse("anna");
    for (let n = 0; n < 1_000; n++) refuse(`stranger ${n}`);
    await kept.close();
    expect(state.written.length).toBe(LIMITS.refusals_max + 1);
    expect(state.written[0]).toEqual({
      ...{ actor: "anna", action: "refused", target: "POST /x" },
      details: { code: "FORBIDDEN", address: "192.0.2.1", count: 1_000 },
    });
    const count = state.written.reduce((sum, { details }) => sum + Number(details.count), 0);
    expect(count).toBe(2_000);
  });

  it("keeps its counts while the database is away", async () => {
    const { state, kept, clock, refuse } = records();
    state.away = true;
    for (let n = 0; n < 30; n++) refuse(`stranger ${n}`);
    clock.advance(LIMITS.refusals_first_ms);
    await Promise.resolve();
    for (let n = 0; n < 30; n++) refuse(`other ${n}`);
    kept.used(A);
    state.away = false;
    await new Promise(setImmediate);
    await kept.close();
    expect(state.written.length).toBeLessThanOrEqual(LIMITS.refusals_max + 1);
    expect(state.written.reduce((sum, { details }) => sum + Number(details.count), 0)).toBe(60);
    expect(state.used).toEqual([A]);
  });
});
