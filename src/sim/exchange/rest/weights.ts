/**
 * The exchange's REST limits: a weight each minute from one address, 429 beyond it, 418 (a ban that doubles)
 * for an address that goes on. Source: rest-api.md, "IP Limits".
 */

import type { Clock } from "../../../base/clock.ts";

export interface WeightLimits {
  /** Weight one address may use in a minute. Default 6000. */
  readonly weight_per_minute?: number;
  /** Requests refused with 429 in a row before the address is banned. Default 20. */
  readonly refusals_before_ban?: number;
  /** Length of the first ban; the next ones double, up to three days. Default 120 s. */
  readonly ban_s?: number;
}

export type Admission =
  | { readonly kind: "admitted"; readonly used: number }
  | { readonly kind: "limited"; readonly used: number; readonly retry_after_s: number }
  | {
      readonly kind: "banned";
      readonly used: number;
      readonly retry_after_s: number;
      readonly until_ms: number;
    };

interface Address {
  minute: number;
  used: number;
  refusals: number;
  bans: number;
  banned_until_us: number;
}

const US_PER_MINUTE = 60_000_000;
const BAN_S_MAX = 3 * 86_400;

export class RequestWeights {
  readonly limit: number;
  readonly #refusals_before_ban: number;
  readonly #ban_s: number;
  readonly #clock: Clock;
  readonly #addresses = new Map<string, Address>();
  #refuse_until_us = 0;

  constructor(clock: Clock, limits: WeightLimits = {}) {
    this.#clock = clock;
    this.limit = limits.weight_per_minute ?? 6_000;
    this.#refusals_before_ban = limits.refusals_before_ban ?? 20;
    this.#ban_s = limits.ban_s ?? 120;
  }

  /** Counts a request from `ip` and says whether it is answered. */
  admit(ip: string, weight: number): Admission {
    const now_us = this.#clock.now();
    const address = this.#address(ip, now_us);
    if (now_us < address.banned_until_us) return this.#banned(address, now_us);
    address.used += weight;
    if (address.used <= this.limit && now_us >= this.#refuse_until_us) {
      address.refusals = 0;
      return { kind: "admitted", used: address.used };
    }
    address.refusals++;
    if (address.refusals > this.#refusals_before_ban) {
      const ban_s = Math.min(BAN_S_MAX, this.#ban_s * 2 ** address.bans);
      address.bans++;
      address.refusals = 0;
      address.banned_until_us = now_us + ban_s * 1e6;
      return this.#banned(address, now_us);
    }
    const minute_ends_us = (address.minute + 1) * US_PER_MINUTE;
    const over_us = address.used > this.limit ? minute_ends_us : 0;
    const until_us = Math.max(over_us, this.#refuse_until_us);
    return {
      kind: "limited",
      used: address.used,
      retry_after_s: Math.max(1, Math.ceil((until_us - now_us) / 1e6)),
    };
  }

  /** A fault for tests: every request is answered 429 for `seconds`. */
  refuseFor(seconds: number): void {
    this.#refuse_until_us = this.#clock.now() + seconds * 1e6;
  }

  #address(ip: string, now_us: number): Address {
    const minute = Math.floor(now_us / US_PER_MINUTE);
    const known = this.#addresses.get(ip);
    if (known) {
      if (known.minute !== minute) {
        known.minute = minute;
        known.used = 0;
      }
      return known;
    }
    this.#forgetIdle(minute, now_us);
    const address = { minute, used: 0, refusals: 0, bans: 0, banned_until_us: 0 };
    this.#addresses.set(ip, address);
    return address;
  }

  /** Keeps the table as small as the number of addresses of this minute and the banned ones. */
  #forgetIdle(minute: number, now_us: number): void {
    for (const [ip, address] of this.#addresses) {
      if (address.minute !== minute && address.banned_until_us < now_us) this.#addresses.delete(ip);
    }
  }

  #banned(address: Address, now_us: number): Admission {
    const left_us = address.banned_until_us - now_us;
    return {
      kind: "banned",
      used: address.used,
      retry_after_s: Math.ceil(left_us / 1e6),
      until_ms: Math.floor(address.banned_until_us / 1e3),
    };
  }
}
