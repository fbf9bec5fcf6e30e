/** What `bun run doctor` is made of: checks that know nothing of each other, each with a deadline. */

import type { Clock } from "../../src/base/clock.ts";
import { withDeadline } from "../../src/base/deadline.ts";
import { describeError } from "../../src/base/errors.ts";

export type State = "ok" | "warn" | "FAIL";

/** What a check found, for a person. No text holds a secret. */
export interface Finding {
  readonly state: State;
  readonly found: string;
  /** What to do; null where all is well. */
  readonly remedy: string | null;
}

export interface Named extends Finding {
  readonly check: string;
}

export interface Check {
  readonly name: string;
  /** Settings it relies on: where one of them is wrong there is nothing to look at. */
  readonly settings: readonly string[];
  /** Where an error says nothing of its own. */
  readonly remedy: string;
  /** One finding of its own name, or several that name themselves. Rejects with why it could not be looked at. */
  readonly run: () => Promise<Finding | readonly Named[]>;
}

export const ok = (found: string): Finding => ({ state: "ok", found, remedy: null });
export const warn = (found: string, remedy: string): Finding => ({ state: "warn", found, remedy });
export const bad = (found: string, remedy: string): Finding => ({ state: "FAIL", found, remedy });

/** Bun ends what it says of a network with a question. */
const QUESTION = /\. Is the computer able to access the url\?/;

/** Our errors end with what to do: after a full stop, or after the last semicolon. */
export function failed(error: unknown, otherwise: string): Finding {
  const text = describeError(error).replace(QUESTION, "");
  const stop = text.search(/\. (?=[A-Z])/);
  if (stop > 0) return bad(text.slice(0, stop), text.slice(stop + 2).replace(/\.$/, ""));
  const last = text.lastIndexOf("; ");
  return last > 0 ? bad(text.slice(0, last), text.slice(last + 2)) : bad(text, otherwise);
}

/**
 * Starts all of them at once.
 * @param wrong settings that are not what they should be.
 * @returns by check, in their order, what each found; none rejects.
 */
export function begin(
  checks: readonly Check[],
  wrong: readonly string[],
  clock: Clock,
): readonly Promise<readonly Named[]>[] {
  return checks.map(async ({ name, settings, remedy, run }) => {
    const missing = settings.filter((setting) => wrong.includes(setting));
    if (missing.length > 0) {
      const found = `not looked at: ${missing.join(", ")} is not as expected`;
      return [{ check: name, ...warn(found, `correct ${missing.join(", ")} first`) }];
    }
    try {
      const options = { clock, limit: "doctor_check_ms" as const, what: `what "${name}" looks at` };
      const found = await withDeadline(run(), options);
      return "state" in found ? [{ check: name, ...found }] : found;
    } catch (error) {
      return [{ check: name, ...failed(error, remedy) }];
    }
  });
}
