/**
 * One service per symbol on one database. The lease is a row with an end, renewed while the service lives;
 * its fence is a number that grows with every new holder and goes along with every insert, so that a service
 * which was stopped, or cut off, and continues after another has taken over cannot write: the database
 * refuses the old number.
 *
 *   waiting → held ⇄ unsure → lost
 *
 * `unsure`: not renewed for as long as a lease lasts. Another service may have taken over, or the database is away
 * for all. The holder goes on until the database answers: then it holds the lease again, or has lost it.
 */

import type { Sql } from "postgres";
import type { Clock, Timer } from "../../base/clock.ts";
import { pause } from "../../base/deadline.ts";
import { ForetickError, fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import { US_PER_MS } from "../../base/units.ts";
import type { ConnectOptions } from "../server/client.ts";
import { storeError } from "../sql/store_errors.ts";
import type { Holder } from "./holder.ts";
import { LeaseQuestions } from "./questions.ts";
import {
  type Fences,
  type HeldLease,
  leaseOf,
  release,
  renew,
  type Taken,
  takeAll,
  takeFree,
} from "./statements.ts";

export interface LeaseOptions {
  readonly database: { connect(options?: ConnectOptions): Sql };
  readonly symbols: readonly string[];
  readonly holder: Holder;
  /** What a second service does: `wait` until the first has ended, or `refuse` to start. */
  readonly second: "wait" | "refuse";
  /**
   * Called before each wait while no lease at all could be taken.
   * @throws ForetickError what ends the wait.
   */
  readonly onStandby?: (held: HeldLease) => Promise<void>;
  /** Called once, when another service has taken over: this one has to end. */
  readonly onLost: (error: ForetickError) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface LeaseStatus {
  readonly state: "waiting" | "held" | "unsure" | "lost" | "closed";
  /** Who holds it instead; undefined where this service does, or nothing is known. */
  readonly held_by: string | undefined;
}

export class Lease {
  readonly #options: LeaseOptions;
  readonly #closed = new AbortController();
  readonly #questions: LeaseQuestions;
  #fences: Fences | undefined;
  #renewed_us = 0;
  #timer: Timer | undefined;
  /** The holders of the leases this service waits for, by symbol. */
  readonly #held_by = new Map<string, string>();
  #lost = false;
  #closing: Promise<void> | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#questions = new LeaseQuestions(options);
  }

  get status(): LeaseStatus {
    return { state: this.#state(), held_by: this.#held_by.values().next().value };
  }

  /** Whether the symbol's lease was taken, and not lost since. */
  leads(symbol: string): boolean {
    return this.fenceOf(symbol) !== undefined;
  }

  /** The fence of the symbol's lease; undefined where it is not held. */
  fenceOf(symbol: string): number | undefined {
    return this.#lost ? undefined : this.#fences?.[symbol];
  }

  /** Who holds the symbol's lease, for people; undefined where this service does, or nothing is known. */
  heldBy(symbol: string): string | undefined {
    return this.#held_by.get(symbol);
  }

  /**
   * What every insert names, as JSON: the symbols with their fences.
   * @throws ForetickError STORE_FENCED while the lease is not taken, or once it is lost.
   */
  fences(): string {
    if (this.#fences && !this.#lost) return JSON.stringify(this.#fences);
    return fail("STORE_FENCED", `the lease of ${this.#names()} is not held: nothing is written without it`);
  }

  /**
   * Resolves once leases are this service's: those of all symbols, or, with "any", all that are free, one at least. A
   * database that is away is waited for.
   * @throws ForetickError STORE_LEASED where another service holds one and this one shall not wait; CANCELLED when
   *   closed; what `onStandby` throws.
   */
  async take(what: "all" | "any" = "all"): Promise<void> {
    const { symbols, holder, second, onStandby } = this.#options;
    const take = what === "all" || second === "refuse" ? takeAll : takeFree;
    await this.#waitFor(
      symbols,
      (sql) => take(sql, symbols, holder),
      async (held) => {
        if (second === "refuse") refuse(held);
        await onStandby?.(held);
      },
    );
  }

  /** Goes on taking what `take` left, until all are this service's or it is closed; `onTaken` is told of each. */
  async takeRest(onTaken: (symbols: readonly string[]) => void): Promise<void> {
    const { symbols, holder } = this.#options;
    for (;;) {
      const rest = symbols.filter((symbol) => !this.leads(symbol));
      if (rest.length === 0 || this.#lost) return;
      await this.#waitFor(rest, (sql) => takeFree(sql, rest, holder));
      onTaken(rest.filter((symbol) => this.leads(symbol)));
    }
  }

  /** Asks until something was taken. `onHeld` comes before a wait for another service, and may end it by throwing. */
  async #waitFor(
    symbols: readonly string[],
    take: (sql: Sql) => Promise<Taken>,
    onHeld?: (held: HeldLease) => Promise<void>,
  ): Promise<void> {
    const { clock, log } = this.#options;
    let said = "";
    const say = (what: string): void => {
      if (what !== said) log.warn(what);
      said = what;
    };
    while (!this.#closed.signal.aborted && !this.#lost) {
      const asked_us = clock.monotonicUs();
      const taken = await this.#questions.ask(take).catch((error: unknown) => {
        const { message } = storeError(error, "STORE_QUERY");
        say(`the lease of ${symbols.join(", ")} could not be taken, trying again: ${message}`);
      });
      if (taken) {
        const names = this.#note(taken, asked_us);
        if (names.length > 0 && said !== "")
          log.info(`${names.join(", ")}: taken over, this service leads now`);
        if (names.length > 0) return;
        await onHeld?.(taken.held[0]!);
        const by = taken.held.map(({ symbol, told }) => `${symbol} is led by another service (${told})`);
        say(`${by.join(", ")}: waiting to take over when it ends`);
      }
      await pause(clock, LIMITS.lease_poll_ms, this.#closed.signal);
    }
    throw new ForetickError("CANCELLED", `the lease of ${symbols.join(", ")} is no longer waited for`);
  }

  /** @returns the symbols taken. */
  #note({ fences, held }: Taken, asked_us: number): string[] {
    for (const { symbol, told } of held) this.#held_by.set(symbol, told);
    const names = Object.keys(fences);
    for (const symbol of names) this.#held_by.delete(symbol);
    if (names.length === 0) return names;
    const first = this.#fences === undefined;
    this.#fences = { ...this.#fences, ...fences };
    if (first) {
      this.#renewed_us = asked_us;
      this.#renewLater();
    }
    return names;
  }

  /** Releases the leases, so that a waiting service need not wait for their end. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#closed.abort();
      this.#timer?.cancel();
      const fences = this.#lost ? undefined : this.#fences;
      if (fences) await this.#questions.ask((sql) => release(sql, fences)).catch(() => {});
      await this.#questions.close();
    })();
    return this.#closing;
  }

  #state(): LeaseStatus["state"] {
    if (this.#closing) return "closed";
    if (this.#lost) return "lost";
    if (!this.#fences) return "waiting";
    const age_ms = (this.#options.clock.monotonicUs() - this.#renewed_us) / US_PER_MS;
    return age_ms > LIMITS.lease_ms ? "unsure" : "held";
  }

  #renewLater(): void {
    this.#timer = this.#options.clock.after(LIMITS.lease_renew_ms, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { clock, log } = this.#options;
    const fences = this.#fences!;
    const was_held = this.#state() === "held";
    const asked_us = clock.monotonicUs();
    try {
      const gone = await this.#questions.ask((sql) => renew(sql, fences));
      if (gone.length > 0) return await this.#lose(gone[0]!);
      this.#renewed_us = asked_us;
      if (!was_held) log.info(`the lease of ${this.#names()} is held again`);
    } catch (error) {
      const reason = storeError(error, "STORE_QUERY").message;
      if (was_held && this.#state() === "unsure") {
        log.warn(
          { reason },
          `the lease of ${this.#names()} could not be renewed: another service may take over`,
        );
      }
    }
    if (!this.#closing) this.#renewLater();
  }

  async #lose(symbol: string): Promise<void> {
    this.#lost = true;
    const now = await this.#questions.ask((sql) => leaseOf(sql, symbol)).catch(() => undefined);
    if (now) this.#held_by.set(symbol, now.told);
    if (this.#closing) return;
    this.#options.onLost(
      new ForetickError(
        "STORE_FENCED",
        `${symbol} was taken over by another service${now ? ` (${now.told}) at ${now.taken_at} UTC` : ""} while this one did ` +
          "not renew its lease: it was stopped, or cut off from the database. It writes nothing more and ends; started again, it waits as the second",
      ),
    );
  }

  #names(): string {
    return this.#options.symbols.join(", ");
  }
}

function refuse({ symbol, told, taken_at }: HeldLease): never {
  return fail(
    "STORE_LEASED",
    `${symbol} expected to have no other service on this database, is led by ${told} since ${taken_at} UTC. ` +
      "Stop that one, give SYMBOLS other symbols, or set SECOND_SERVICE=wait to take over when it ends",
  );
}
