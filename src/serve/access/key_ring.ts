/** The keys there are, in memory: a request with a key waits for the database only where they are older than they may be. */

import { timingSafeEqual } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_MS } from "../../base/units.ts";
import { keyIdOf, type StoredKey, sha256Of } from "../../record/access/api_keys.ts";
import type { Credentials } from "./access.ts";
import type { Identity } from "./identity.ts";

export interface KeyRingOptions {
  readonly clock: Clock;
  /** Rejects where the database does not answer. */
  readonly read: () => Promise<readonly StoredKey[]>;
  readonly onUsed: (key_id: string) => void;
}

const NONE = "0".repeat(64);

export class KeyRing implements Credentials {
  readonly #options: KeyRingOptions;
  #keys: ReadonlyMap<string, StoredKey> = new Map();
  #read_us = Number.NEGATIVE_INFINITY;
  #tried_us = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #problem: unknown;

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  fits(credential: string): boolean {
    return credential.startsWith("ft_");
  }

  async identify(credential: string): Promise<Identity | string> {
    const key_id = keyIdOf(credential);
    if (key_id === undefined) return "a key has the form ft_…_…";
    await this.#fresh(key_id);
    const key = this.#keys.get(key_id);
    // Compared whether or not it is known: the time it takes says nothing.
    const same = timingSafeEqual(bytesOf(sha256Of(credential)), bytesOf(key?.sha256 ?? NONE));
    if (!key || !same) return "there is no such key";
    if (key.revoked_us !== null) return `the key ${key_id} was revoked`;
    if (key.expires_us !== null && key.expires_us <= this.#options.clock.now()) {
      return `the key ${key_id} has expired`;
    }
    this.#options.onUsed(key_id);
    return {
      ...{ actor: `${key.name} (key ${key_id})`, role: key.role, id: key_id },
      ...{ expires_us: key.expires_us, again_ms: LIMITS.keys_age_ms },
    };
  }

  async any(): Promise<boolean> {
    await this.#fresh(undefined);
    const now = this.#options.clock.now();
    for (const { revoked_us, expires_us } of this.#keys.values()) {
      if (revoked_us === null && (expires_us === null || expires_us > now)) return true;
    }
    return false;
  }

  /** @throws ForetickError where what is held is too old to be believed and cannot be read. */
  async #fresh(key_id: string | undefined): Promise<void> {
    const now_us = this.#options.clock.monotonicUs();
    const age_ms = (now_us - this.#read_us) / US_PER_MS;
    const tried_ms = (now_us - this.#tried_us) / US_PER_MS;
    const unknown = key_id === undefined ? this.#keys.size === 0 : !this.#keys.has(key_id);
    const wanted = age_ms > LIMITS.keys_age_ms || (unknown && tried_ms > LIMITS.keys_again_ms);
    // While the database is away it is asked once a second, not once a request.
    if (wanted && (this.#reading || tried_ms > LIMITS.keys_again_ms)) {
      this.#reading ??= this.#readAgain(now_us);
      await this.#reading.catch((error: unknown) => {
        if (age_ms > LIMITS.keys_age_ms_max) throw error;
      });
    } else if (age_ms > LIMITS.keys_age_ms_max) throw this.#problem;
  }

  async #readAgain(now_us: number): Promise<void> {
    this.#tried_us = now_us;
    try {
      const keys = await withDeadline(this.#options.read(), {
        ...{ clock: this.#options.clock, limit: "access_answer_ms", what: "the keys" },
        code: "STORE_UNREACHABLE",
      });
      this.#keys = new Map(keys.map((key) => [key.key_id, key]));
      this.#read_us = now_us;
    } catch (error) {
      this.#problem = error;
      throw error;
    } finally {
      this.#reading = undefined;
    }
  }
}

const bytesOf = (hex: string): Uint8Array => Buffer.from(hex, "hex");
