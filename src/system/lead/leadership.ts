/**
 * That this service is the only one on its database that writes its symbols: those it leads. For the rest it stands by. Taken when the database is open, before
 * anything is written; a service whose database answers waits for it before it starts anything else.
 */

import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import { type ForetickError, fail } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Database } from "../../record/database.ts";
import type { Holder } from "../../record/lease/holder.ts";
import { Lease } from "../../record/lease/lease.ts";
import type { HeldLease } from "../../record/lease/statements.ts";

export interface LeadershipOptions {
  readonly config: Pick<Config, "symbols" | "second_service">;
  /** `connect` fails until it is open. */
  readonly database: Pick<Database, "connect">;
  readonly holder: Holder;
  /** Called once, when another service has taken over and this one has to end. */
  readonly onLost: (error: ForetickError) => void;
  /** Called before each wait while another service leads all that this one shall. */
  readonly onStandby?: (held: HeldLease) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the wait for another service. */
  readonly stop?: AbortSignal | undefined;
}

export class Leadership {
  readonly #lease: Lease;
  readonly #stop: AbortSignal | undefined;
  #taken = false;

  constructor({ config, database, holder, clock, log, stop, onLost, onStandby }: LeadershipOptions) {
    this.#stop = stop;
    this.#lease = new Lease({
      ...{ database, holder, clock, log, onLost },
      ...(onStandby ? { onStandby } : {}),
      symbols: config.symbols,
      second: config.second_service,
    });
  }

  /**
   * What every insert names.
   * @throws ForetickError STORE_UNREACHABLE until it is taken: rows wait; STORE_FENCED once it is lost.
   */
  fences(): string {
    if (!this.#taken) return fail("STORE_UNREACHABLE", "the lease on the database is not taken yet");
    return this.#lease.fences();
  }

  /** Whether this service writes the symbol; true of all while no lease could be asked for. */
  leads(symbol: string): boolean {
    return !this.#taken || this.#lease.leads(symbol);
  }

  /** The fence of the symbol's lease; 0 while no lease could be asked for, undefined where another service leads it. */
  fenceOf(symbol: string): number | undefined {
    return this.#taken ? this.#lease.fenceOf(symbol) : 0;
  }

  /** Why another service's symbol is not served here, as a sentence. */
  standingBy(symbol: string): string {
    return standingBy(symbol, this.#lease.heldBy(symbol));
  }

  /**
   * Waits until no other service leads these symbols, or ("any") one of them at least. May be called again after a failure.
   * @throws ForetickError STORE_LEASED where it shall not wait; CANCELLED once `stop` is aborted.
   */
  async take(what: "all" | "any"): Promise<void> {
    if (this.#taken) return;
    const onStop = (): void => void this.#lease.close();
    if (this.#stop?.aborted) onStop();
    this.#stop?.addEventListener("abort", onStop, { once: true });
    try {
      await this.#lease.take(what);
      this.#taken = true;
    } finally {
      this.#stop?.removeEventListener("abort", onStop);
    }
  }

  /** Waits in the background for the symbols that other services lead; `onTaken` is told when they end. */
  takeRest(onTaken: (symbols: readonly string[]) => void): void {
    // It ends by being closed, which is no failure.
    if (this.#taken) void this.#lease.takeRest(onTaken).catch(() => {});
  }

  /** Releases the lease. May be called twice. */
  close(): Promise<void> {
    return this.#lease.close();
  }
}

/** @param held_by e.g. "worker-1, process 4711". */
function standingBy(symbol: string, held_by: string | undefined): string {
  return `standing by: the lease of ${symbol} is held by ${held_by ?? "another service"}; this one takes over when that one ends`;
}
