/**
 * The models one symbol is scored by beside its champion: challenger, fallback, shadows, as the registry's aliases
 * say. They come and go between two ticks. One that cannot be loaded is named and left out; the others and the champion
 * never notice.
 */

import { describeError, ForetickError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Model } from "../../model/model.ts";
import { ModelSlot } from "../../model/model_slot.ts";
import { placeText, roleOf } from "../../record/registry/alias.ts";
import type { RoleChoice } from "../../record/registry/role_rows.ts";

export interface BesideOptions {
  readonly symbol: string;
  /** The bundle as it was registered, every check passed. */
  readonly load: (choice: RoleChoice) => Promise<Model>;
  readonly log: Logger;
}

/** What an alias asks for, and what became of it. */
interface Wanted {
  readonly choice: RoleChoice;
  /** Undefined where it could not be loaded. */
  readonly slot: ModelSlot | undefined;
  readonly error?: unknown;
}

export class BesideModels {
  readonly #options: BesideOptions;
  #wanted: readonly Wanted[] = [];
  #slots: readonly ModelSlot[] = [];
  readonly #closing = new Set<Promise<void>>();
  #failures = 0;
  #closed = false;

  constructor(options: BesideOptions) {
    this.#options = options;
  }

  /** What the next tick scores, in its order. */
  get slots(): readonly ModelSlot[] {
    return this.#slots;
  }

  /** Times a model with a role could not be taken into use. */
  get failures(): number {
    return this.#failures;
  }

  /** By alias: the version scored in that role. */
  get facts(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#wanted.map(({ choice, slot }) => [
        choice.place.alias,
        slot ? choice.version : `${choice.version} refused`,
      ]),
    );
  }

  /** Why not all that have a role are scored as they should be, as a sentence; null while they are. */
  get problem(): string | null {
    const bad = this.#wanted.find(({ slot }) => !slot);
    if (bad) {
      const { place, version } = bad.choice;
      const code = bad.error instanceof ForetickError ? bad.error.code : "INTERNAL";
      return `the ${placeText(place)}, ${version}, could not be taken into use (${code}): the other models are not affected`;
    }
    return this.#slots.map(({ current }) => current.impaired).find((said) => said !== undefined) ?? null;
  }

  /** Why a version with a role could not be loaded, the error's code; undefined where it could, or has none. */
  refusedOf(version: string): string | undefined {
    const bad = this.#wanted.find(({ choice, slot }) => !slot && choice.version === version);
    return bad && (bad.error instanceof ForetickError ? bad.error.code : "INTERNAL");
  }

  /** Loads what is new and lets go of what has no role any more. Never rejects. */
  async follow(choices: readonly RoleChoice[]): Promise<void> {
    const kept = this.#wanted.filter(({ choice }) => choices.some((other) => sameChoice(choice, other)));
    this.#take(kept);
    for (const choice of choices) {
      if (this.#closed) return;
      const held = this.#wanted.find((one) => sameChoice(one.choice, choice));
      if (held?.slot) continue;
      const others = this.#wanted.filter((one) => one !== held);
      this.#take([...others, await this.#load(choice, held)]);
    }
    const order = (one: Wanted): number => choices.findIndex((choice) => sameChoice(one.choice, choice));
    this.#take([...this.#wanted].sort((a, b) => order(a) - order(b)));
  }

  /** Closes every model after its last tick. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#take([]);
    await Promise.all(this.#closing);
  }

  async #load(choice: RoleChoice, before: Wanted | undefined): Promise<Wanted> {
    const { symbol, load, log } = this.#options;
    const said = { symbol, version: choice.version, alias: choice.place.alias };
    try {
      const slot = new ModelSlot(await load(choice), log, roleOf(choice.place.alias));
      log.info(said, "scored beside the champion from the next tick on");
      return { choice, slot };
    } catch (error) {
      if (!before) {
        this.#failures++;
        log.error({ ...said, error: describeError(error) }, "a model cannot be scored beside the champion");
      }
      return { choice, slot: undefined, error };
    }
  }

  /** Out of the ticks first, then closed. */
  #take(wanted: readonly Wanted[]): void {
    const gone = this.#slots.filter((slot) => !wanted.some((one) => one.slot === slot));
    this.#wanted = this.#closed ? [] : wanted;
    this.#slots = this.#wanted.flatMap(({ slot }) => slot ?? []);
    const late = this.#closed ? wanted.flatMap(({ slot }) => slot ?? []) : [];
    for (const slot of new Set([...gone, ...late])) {
      const closed: Promise<void> = slot.close().finally(() => this.#closing.delete(closed));
      this.#closing.add(closed);
      this.#options.log.info(
        { symbol: this.#options.symbol, version: slot.current.version, role: slot.role },
        "no longer scored beside the champion",
      );
    }
  }
}

const sameChoice = (one: RoleChoice, other: RoleChoice): boolean =>
  one.version === other.version &&
  one.manifest_sha256 === other.manifest_sha256 &&
  one.place.alias === other.place.alias &&
  one.place.symbol === other.place.symbol;
