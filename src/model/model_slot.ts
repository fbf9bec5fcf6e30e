/**
 * Where a symbol's ticks find their model, and where another one takes its place while the service runs. A tick
 * leases the model once, for everything it does; the next tick leases the model that is in the slot then. So
 * no prediction is half of one model and half of another, and none waits for a change. A model that was
 * replaced is closed when its last lease is back.
 */

import { systemClock } from "../base/clock.ts";
import { describeError, fail } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Model } from "./model.ts";
import type { Role } from "./role.ts";

export interface ModelLease {
  readonly model: Model;
  /** Gives it back. May be called twice. */
  release(): void;
}

interface Held {
  readonly model: Model;
  leases: number;
  /** Set when it was replaced: what to do when the last lease is back. */
  retire: (() => void) | undefined;
}

export class ModelSlot {
  /** The role of its models for the symbol, written on each of their predictions. */
  readonly role: Role;
  readonly #log: Logger;
  #held: Held;
  readonly #retiring = new Set<Promise<void>>();
  /** When its model took its place (wall clock, µs). */
  #since_us: number = systemClock.now();
  #swaps = 0;
  #closing: Promise<void> | undefined;

  constructor(model: Model, log: Logger, role: Role = "champion") {
    this.role = role;
    this.#log = log;
    this.#held = { model, leases: 0, retire: undefined };
  }

  /** What the next tick is scored by; to read, not to infer with. */
  get current(): Model {
    return this.#held.model;
  }

  /** Since when (wall clock, µs). */
  get since_us(): number {
    return this.#since_us;
  }

  /** Times another model took its place. */
  get swaps(): number {
    return this.#swaps;
  }

  /** Replaced models that a tick under way still uses. */
  get retiring(): number {
    return this.#retiring.size;
  }

  /** @throws ForetickError MODEL_CLOSED once the slot is closed. */
  acquire(): ModelLease {
    const held = this.#held;
    if (this.#closing) return fail("MODEL_CLOSED", `model ${held.model.version} is closed`);
    held.leases++;
    let released = false;
    return {
      model: held.model,
      release: () => {
        if (released) return;
        released = true;
        held.leases--;
        if (held.leases === 0) held.retire?.();
      },
    };
  }

  /**
   * From here on ticks lease `next`, which the slot owns and closes.
   * @throws ForetickError MODEL_CLOSED once the slot is closed; `next` is then the caller's to close.
   */
  swap(next: Model): void {
    if (this.#closing) fail("MODEL_CLOSED", `expected an open slot for model ${next.version}, was closed`);
    const before = this.#held;
    this.#held = { model: next, leases: 0, retire: undefined };
    this.#since_us = systemClock.now();
    this.#swaps++;
    this.#retire(before);
  }

  /** Resolves when every model that was ever in it is closed. May be called twice. */
  close(): Promise<void> {
    if (!this.#closing) {
      this.#retire(this.#held);
      this.#closing = Promise.all(this.#retiring).then(() => undefined);
    }
    return this.#closing;
  }

  #retire(held: Held): void {
    const unused = new Promise<void>((resolve) => {
      held.retire = resolve;
      if (held.leases === 0) resolve();
    });
    const closed = unused
      .then(() => held.model.close())
      .catch((error: unknown) =>
        this.#log.warn(
          { version: held.model.version, error: describeError(error) },
          "a model did not close cleanly",
        ),
      )
      .finally(() => this.#retiring.delete(closed));
    this.#retiring.add(closed);
  }
}
