/** Callers that wait for rows to be in the database: for a `flush` to be through, or for room to go on. */

import type { ForetickError } from "../../base/errors.ts";

interface Waiter {
  readonly met: () => boolean;
  /** Whether a failed attempt ends its wait, or it goes on waiting. */
  readonly impatient: boolean;
  readonly resolve: () => void;
  readonly reject: (error: ForetickError) => void;
}

export class Waiters {
  #waiting: Waiter[] = [];

  /** Resolves at the first `wake` at which `met` holds; rejects with what `disappoint` or `dismiss` is given. */
  until(met: () => boolean, impatient: boolean): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ met, impatient, resolve, reject }));
  }

  wake(): void {
    this.#waiting = this.#waiting.filter((waiter) => {
      if (!waiter.met()) return true;
      waiter.resolve();
      return false;
    });
  }

  /** An attempt has failed: those that do not go on waiting are rejected. */
  disappoint(error: ForetickError): void {
    this.#waiting = this.#waiting.filter((waiter) => {
      if (waiter.impatient) waiter.reject(error);
      return !waiter.impatient;
    });
  }

  /** Rejects all that still wait. */
  dismiss(error: ForetickError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
