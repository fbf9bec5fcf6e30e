/** `bun run foretick <verb> …`: every command of the project under one name. The table is scripts/verbs/table.ts. */

import { join } from "node:path";
import { fail } from "../src/base/errors.ts";
import { nearestOf } from "../src/base/input/nearest.ts";
import { runScript } from "./flags/source.ts";
import { completionText, isShell } from "./verbs/completion.ts";
import { OWN_VERBS, VERBS, type Verb } from "./verbs/table.ts";

const [bun = "bun"] = process.argv;

/** Runs the verb's script here, with the words after it. */
async function run(verb: string, words: readonly string[]): Promise<void> {
  const script = join(import.meta.dir, `${verb}.ts`);
  process.argv = [bun, script, ...words];
  await import(script);
}

function list(): string {
  const rows = [...VERBS, ...OWN_VERBS];
  const width = Math.max(...rows.map(({ verb }) => verb.length));
  const lines = rows.map(({ verb, what }) => `  ${verb.padEnd(width)}  ${what}`);
  return ["usage: bun run foretick <verb> [words and flags of the verb]", "", ...lines].join("\n");
}

async function help([asked, ...more]: readonly string[]): Promise<void> {
  if (more.length > 0)
    fail("CONFIG_INVALID", `help expected one verb or --all, was ${[asked, ...more].join(" ")}`);
  if (asked === undefined || asked === "--help")
    return console.log(`${list()}\n\nexample: bun run foretick help train`);
  const wanted = asked === "--all" ? VERBS : [known(asked)];
  for (const { verb, what } of wanted) {
    if (asked === "--all") console.log(`\n== ${verb}: ${what}\n`);
    await run(verb, ["--help"]);
  }
}

/** @throws ForetickError CONFIG_INVALID with the nearest verb. */
function known(asked: string): Verb {
  const verb = VERBS.find((one) => one.verb === asked);
  if (verb) return verb;
  const nearest = nearestOf(
    asked,
    [...VERBS, ...OWN_VERBS].map((one) => one.verb),
  );
  return fail(
    "CONFIG_INVALID",
    `there is no verb ${asked}; did you mean ${nearest}? "foretick help" lists them all`,
  );
}

function completion(shell: string | undefined): void {
  if (!isShell(shell) && shell !== "--help") {
    fail("CONFIG_INVALID", `completion expected bash or zsh, was ${shell ?? "nothing"}`);
  }
  const script = join(import.meta.dir, "foretick.ts");
  const text = isShell(shell) ? completionText(shell, process.execPath, script) : COMPLETION_HELP;
  process.stdout.write(text);
}

const COMPLETION_HELP = `usage: bun run foretick completion bash|zsh

  prints what makes foretick a command of the shell, with completion

example: eval "$(bun run --silent foretick completion bash)"
`;

const [asked, ...words] = process.argv.slice(2);
if (asked === undefined || ["help", "--help", "-h"].includes(asked)) await runScript(() => help(words));
else if (asked === "completion") await runScript(async () => completion(words[0]));
else {
  const found: Verb[] = [];
  await runScript(async () => void found.push(known(asked)));
  // The script's own errors are its own.
  for (const { verb } of found) await run(verb, words);
}
