/** A door of the product where something from outside comes in, and what it promises whatever comes. */

import type { ErrorCode } from "../../src/base/errors.ts";
import type { Rng } from "../../src/base/rng.ts";

export interface Target {
  /** The codes it may refuse with; anything else that is thrown is a finding. */
  readonly codes: readonly ErrorCode[];
  /** An input, a function of the generator alone. */
  input(rng: Rng): Uint8Array;
  /** Takes it, or throws: a ForetickError of `codes` as refusal, whatever else where a promise is broken. */
  attempt(input: Uint8Array): void | Promise<void>;
  close?(): void;
}

export interface Door {
  readonly name: string;
  /** One line, for the help. */
  readonly what: string;
  /** Runs of the long run without `--runs`. */
  readonly runs: number;
  /** Runs of the short one, in `npm test`. */
  readonly short_runs: number;
  open(): Target | Promise<Target>;
}

export const bytesOfText = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOfBytes = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A promise that was broken: no typed error, so a finding. */
export function promise(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`broken promise: ${sentence}`);
}
