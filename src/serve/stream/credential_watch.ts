/**
 * Open streams and the credentials they were opened with: a request is checked once, a stream goes on, so that its credential is
 * looked at again and again. One that was revoked, has expired, or can no longer be looked up ends its streams.
 */

import type { Clock, Timer } from "../../base/clock.ts";
import { LIMITS } from "../../base/limits.ts";
import { nextTurn } from "../../base/turns.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { Identity } from "../access/identity.ts";
import type { Problem } from "../request/problem.ts";

/** Why a stream ends. */
export interface Ended {
  readonly code: "UNAUTHENTICATED" | "STORE_UNREACHABLE";
  /** For the client; no longer than a WebSocket's closing frame takes. */
  readonly reason: string;
}

interface Watched {
  /** When it is looked at next (monotonic µs). */
  due_us: number;
  readonly ends: Set<(ended: Ended) => void>;
}

/** Bytes of a closing frame beside its code. */
const REASON_BYTES_MAX = 123;

export class CredentialWatch {
  readonly #clock: Clock;
  /** @throws ForetickError where it cannot be known now. */
  readonly #identify: (credential: string) => Promise<Identity | Problem>;
  readonly #watched = new Map<string, Watched>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(clock: Clock, identify: (credential: string) => Promise<Identity | Problem>) {
    this.#clock = clock;
    this.#identify = identify;
  }

  /**
   * @param end called at most once, when the stream has to end.
   * @returns to be called when the stream has ended by itself. May be called twice.
   */
  add(credential: string, identity: Identity, end: (ended: Ended) => void): () => void {
    const watched = this.#watched.get(credential) ?? { due_us: this.#dueOf(identity), ends: new Set() };
    this.#watched.set(credential, watched);
    watched.ends.add(end);
    this.#arm();
    return () => {
      watched.ends.delete(end);
      if (watched.ends.size === 0 && this.#watched.get(credential) === watched)
        this.#watched.delete(credential);
    };
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#watched.clear();
  }

  #dueOf({ again_ms = LIMITS.keys_age_ms, expires_us = null }: Identity): number {
    const { credential_watch_ms } = LIMITS;
    const left_ms = expires_us === null ? again_ms : (expires_us - this.#clock.now()) / US_PER_MS;
    const wait_ms = Math.max(Math.min(again_ms, left_ms), credential_watch_ms);
    return this.#clock.monotonicUs() + wait_ms * US_PER_MS;
  }

  #arm(): void {
    if (this.#timer || this.#closed || this.#watched.size === 0) return;
    this.#timer = this.#clock.after(LIMITS.credential_watch_ms, () => void this.#round());
  }

  /** One after the other, each in a turn of its own: a token's signature takes a tenth of a millisecond. */
  async #round(): Promise<void> {
    const now_us = this.#clock.monotonicUs();
    for (const [credential, watched] of [...this.#watched]) {
      if (watched.due_us > now_us || this.#watched.get(credential) !== watched) continue;
      const ended = await this.#look(credential, watched);
      if (ended) this.#end(credential, watched, ended);
      await nextTurn();
    }
    this.#timer = undefined;
    this.#arm();
  }

  async #look(credential: string, watched: Watched): Promise<Ended | undefined> {
    try {
      const found = await this.#identify(credential);
      if ("code" in found)
        return { code: "UNAUTHENTICATED", reason: reasonOf(found.detail ?? "it is not valid") };
      watched.due_us = this.#dueOf(found);
      return undefined;
    } catch {
      // What is held of the keys was believed as long as it may be.
      return { code: "STORE_UNREACHABLE", reason: "whether the credential is valid cannot be known now" };
    }
  }

  #end(credential: string, { ends }: Watched, ended: Ended): void {
    this.#watched.delete(credential);
    for (const end of [...ends]) end(ended);
    ends.clear();
  }
}

function reasonOf(detail: string): string {
  const bytes = new TextEncoder().encode(detail);
  return new TextDecoder("utf-8", { fatal: false })
    .decode(bytes.subarray(0, REASON_BYTES_MAX))
    .replace(/\uFFFD$/, "");
}
