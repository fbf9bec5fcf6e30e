/** A verb's own table of options and the words it takes first, read from its script. */

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./pages.ts";

export interface VerbOptions {
  /** By name, whether it takes a value. */
  readonly options: ReadonlyMap<string, boolean>;
  /** Of which the first word has to be one; none: anything. */
  readonly words: ReadonlySet<string>;
}

const known = new Map<string, VerbOptions | undefined>();

/** @param script from the root, e.g. "scripts/backup.ts". */
export function optionsOf(script: string): VerbOptions | undefined {
  if (!known.has(script)) known.set(script, read(script));
  return known.get(script);
}

function read(script: string): VerbOptions | undefined {
  const file = [script, ...importsOf(script)].find((path) =>
    /readFlags\((?:OPTIONS|options)/.test(textOf(path)),
  );
  if (!file) return undefined;
  const options = new Map<string, boolean>();
  collect(file, /readFlags\((OPTIONS|options)/.exec(textOf(file))![1]!, options);
  const usage = /(?:USAGE|usage) = `([\s\S]*?)`;/.exec(textOf(file))?.[1] ?? "";
  const verb = script.slice("scripts/".length, -".ts".length);
  const listed = usage.includes("<what>") ? [...usage.matchAll(/^ {2}([a-z]+)(?= |$)/gm)] : [];
  const called = [...usage.matchAll(new RegExp(`bun run ${verb} ([a-z]+)(?= |$)`, "gm"))];
  return { options, words: new Set([...listed, ...called].map(([, word]) => word!)) };
}

/** The entries of `const name = { … }` in `file`, those it spreads included. */
function collect(file: string, name: string, into: Map<string, boolean>): void {
  const text = textOf(file);
  const spread = new RegExp(`const \\{[^}]*\\.\\.\\.${name} \\} = (\\w+)`).exec(text)?.[1];
  if (spread !== undefined) {
    collect(file, spread, into);
    return;
  }
  const literal = new RegExp(`const ${name} = (\\{[^;]*?\\})(?: as const| satisfies|;)`).exec(text)?.[1];
  if (literal === undefined) {
    const from = importsOf(file).find((path) => new RegExp(`export const ${name} =`).test(textOf(path)));
    if (from) collect(from, name, into);
    return;
  }
  for (const [, quoted, plain, type] of literal.matchAll(
    /(?:"([a-z0-9-]+)"|\b([a-z0-9_]+)): \{\s*type: "(\w+)"/g,
  ))
    into.set(quoted ?? plain!, type === "string");
  for (const [, other] of literal.matchAll(/\.\.\.(\w+)/g)) collect(file, other!, into);
}

function importsOf(file: string): string[] {
  const found = [...textOf(file).matchAll(/from "(\.{1,2}\/[^"]+)"/g)];
  return found.map(([, path]) => join(dirname(file), path!)).filter((path) => path.startsWith("scripts/"));
}

const textOf = (path: string): string =>
  existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), "utf8") : "";
