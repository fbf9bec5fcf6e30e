/** `foretick` as one command: every script is a verb with a help that ends in an example, found by name, by Tab and by a near miss. */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { withExample } from "../../scripts/flags/example.ts";
import { completionText } from "../../scripts/verbs/completion.ts";
import { OWN_VERBS, VERBS } from "../../scripts/verbs/table.ts";
import { nearestOf } from "../../src/base/input/nearest.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const BUN = join(ROOT, "node_modules/bun/bin/bun.exe");
const SCRIPT = join(ROOT, "scripts/foretick.ts");
/** A worker's child, and the command itself. */
const NO_VERBS = ["train_job", "foretick"];

function foretick(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(BUN, [SCRIPT, ...words], { encoding: "utf8", cwd: ROOT });
  return { status, stdout, stderr };
}

describe("foretick", () => {
  it("has every script as a verb, and package.json has every verb", () => {
    const scripts = readdirSync(join(ROOT, "scripts")).flatMap((name) => /^(\w+)\.ts$/.exec(name)?.[1] ?? []);
    const verbs = VERBS.map(({ verb }) => verb);
    expect(verbs.toSorted()).toEqual(scripts.filter((name) => !NO_VERBS.includes(name)).toSorted());
    const { scripts: named } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(verbs.filter((verb) => named[verb] === undefined)).toEqual([]);
  });

  it("prints the help of every verb: its usage, and one example of its own", () => {
    const { status, stdout, stderr } = foretick("help", "--all");
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const helps = new Map(
      stdout
        .split(/^== /m)
        .slice(1)
        .map((text) => [text.split(":")[0]!, text]),
    );
    expect([...helps.keys()]).toEqual(VERBS.map(({ verb }) => verb));
    const without = [...helps].filter(([verb, text]) => {
      const example = new RegExp(`\\nexample: bun run ${verb}( [^\\n]+)?\\n*$`);
      return !/\nusage: (bun run|npm) /i.test(text) || !example.test(text);
    });
    expect(without).toEqual([]);
  });

  it("suggests the nearest verb for one there is not", () => {
    expect(foretick("exprot", "--from", "2026-10-01")).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringContaining("there is no verb exprot; did you mean export?"),
    });
    expect(
      nearestOf(
        "trian",
        VERBS.map(({ verb }) => verb),
      ),
    ).toBe("train");
  });

  it("hands the words on to the verb's script, whose refusal is its own", () => {
    expect(foretick("journal", "eat")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("journal expected show or replay, was eat"),
    });
  });

  it("completes verbs and flags in bash", () => {
    const text = completionText("bash", BUN, SCRIPT);
    const asked = (words: string, at: number) =>
      `COMP_WORDS=(${words}); COMP_CWORD=${at}; COMPREPLY=(); _foretick; echo "\${COMPREPLY[*]}"`;
    const { stdout, stderr, status } = spawnSync(
      "bash",
      ["-c", [text, asked("foretick ex", 1), asked("foretick journal --d", 2)].join("\n")],
      { encoding: "utf8" },
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout.trim().split("\n")).toEqual(["exchange experiments export", "--database-url"]);
  });

  it("names every verb to zsh, quoted", () => {
    const text = completionText("zsh", "/a b/bun", "/it's/foretick.ts");
    for (const { verb } of [...VERBS, ...OWN_VERBS]) expect(text).toContain(`'${verb}:`);
    expect(text).toContain(`foretick() { '/a b/bun' '/it'\\''s/foretick.ts' "$@"; }`);
  });

  it("refuses an example that the table of options would not take", () => {
    const options = { from: { type: "string" } } as const;
    expect(withExample("usage: x", options, "x list", { from: "two words" })).toBe(
      "usage: x\n\nexample: bun run x list --from 'two words'",
    );
    expect(() => withExample("usage: x", options, "x", { to: "1" } as never)).toThrow(
      /example of x expected/,
    );
  });
});
