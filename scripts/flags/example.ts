/** The end of every `--help`: one command that can be typed as it is, made from the script's own table of options. */

import { type ParseArgsConfig, parseArgs } from "node:util";
import { fail } from "../../src/base/errors.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;
/** By option: its value, several where it may be given again, or true for a switch. */
type Values<O extends Options> = { readonly [Name in keyof O]?: string | true | readonly string[] };

/**
 * @param words the verb and what follows it, e.g. "audit list".
 * @returns `usage`, and below it e.g. "example: bun run audit list --limit 5".
 * @throws ForetickError INVARIANT where the table of options would not take it.
 */
export function withExample<O extends Options>(
  usage: string,
  options: O,
  words: string,
  values: Values<O> = {},
): string {
  const flags = Object.entries(values).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [value ?? []].flat().flatMap((one) => [`--${name}`, String(one)]),
  );
  try {
    parseArgs({ args: flags, options, strict: true });
  } catch (cause) {
    fail("INVARIANT", `the example of ${words} expected options there are: ${(cause as Error).message}`);
  }
  const line = ["bun run", words, ...flags.map(quoted)].join(" ");
  return `${usage}\n\nexample: ${line}`;
}

const quoted = (word: string): string => (/^[\w./:,=-]+$/.test(word) ? word : `'${word}'`);
