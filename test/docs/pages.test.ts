/** What the pages name is there: commands, flags, settings, files, links, routes, metrics, tables. A page that names something else fails. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { settingsPage } from "../../scripts/docs/settings.ts";
import { VERBS } from "../../scripts/verbs/table.ts";
import { shownConfig } from "../../src/base/config/shown_config.ts";
import { readConfig, SETTING_NAMES } from "../../src/base/config.ts";
import { ACCESS_TABLE } from "../../src/serve/access/table.ts";
import { optionsOf } from "./options.ts";
import { anchorsOf, type Command, commandsOf, pageOf, pages, ROOT } from "./pages.ts";

const PAGES = pages();
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const verbs = new Set(VERBS.map(({ verb }) => verb));

/** Programs of others, which are not run here: what they are given of ours is looked at all the same. */
const OUTSIDE = [
  ...[
    "docker",
    "fly",
    "kubectl",
    "sudo",
    "journalctl",
    "k6",
    "psql",
    "git",
    "cd",
    "cp",
    "echo",
    "export",
    "openssl",
  ],
  ...["curl", "python3", "eval", "npx", "node", "chmod", "duckdb"],
];
/** What others read from the environment. */
const OTHERS_SETTINGS =
  /^(PG[A-Z]+|SECONDS|RATE|LISTENERS|KEY|URL|TIMESCALE_\w+|POSTGRES_\w+|GRAFANA_\w+|STORE_\w+|FORETICK\w*)$/;
/** Of the paper exchange's own port, which is no service. */
const CONTROL_PORT = "POST /";
/** Such as `<version>` or `…`: a person puts something in its place. */
const isPlaceholder = (word: string): boolean => /[<>…]|^\.\.\.$|^\$/.test(word);

/** What is wrong with a command; nothing where it can be typed. */
function faultOf({ words, environment }: Command): string | undefined {
  for (const name of Object.keys(environment)) {
    if (!SETTING_NAMES.includes(name) && !OTHERS_SETTINGS.test(name)) return `no setting ${name}`;
  }
  const [program, ...rest] = words;
  if (program === undefined) return undefined;
  if (program === "npm") return npmFault(rest);
  if (program === "bun") return bunFault(rest);
  if (program.startsWith("ops/")) return existsSync(join(ROOT, program)) ? undefined : `no file ${program}`;
  return OUTSIDE.includes(program) ? undefined : `unknown program ${program}`;
}

function npmFault(words: readonly string[]): string | undefined {
  const [what, name, ...rest] = words;
  if (what === "test") return flagFault("test", name === "--" ? rest : words.slice(1));
  if (what !== "run")
    return ["install", "ci", "audit", "sbom"].includes(what ?? "") ? undefined : `npm ${what}`;
  if (scripts[name ?? ""] === undefined) return `no script ${name}`;
  return flagFault(name!, rest[0] === "--" ? rest.slice(1) : rest);
}

function bunFault(words: readonly string[]): string | undefined {
  const [what, ...rest] = words[0] === "run" ? words.slice(1).filter((word) => word !== "--silent") : words;
  if (what === undefined) return undefined;
  if (words[0] === "run") return scripts[what] === undefined ? `no script ${what}` : flagFault(what, rest);
  if (what === "test") {
    const files = rest.filter((word) => word.startsWith("test/"));
    const lacking = files.find((path) => !existsSync(join(ROOT, path)));
    return lacking === undefined ? undefined : `no file ${lacking}`;
  }
  if (!existsSync(join(ROOT, what))) return `no file ${what}`;
  return what.startsWith("scripts/") ? flagFault(what.slice(8, -3), rest) : undefined;
}

function flagFault(verb: string, words: readonly string[]): string | undefined {
  if (verb === "foretick") {
    const [inner, ...rest] = words;
    if (inner === undefined || ["help", "completion"].includes(inner) || isPlaceholder(inner))
      return undefined;
    return verbs.has(inner) ? flagFault(inner, rest) : `no verb ${inner}`;
  }
  if (!verbs.has(verb)) return undefined;
  const found = optionsOf(`scripts/${verb}.ts`);
  if (!found) return `no table of options for ${verb}`;
  let first: string | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (!word.startsWith("--")) {
      first ??= word;
      continue;
    }
    const [name, value] = word.slice(2).split("=");
    const takes = found.options.get(name!);
    if (takes === undefined) return `${verb} has no --${name}`;
    if (!takes || value !== undefined) continue;
    const next = words[at + 1];
    if (next?.startsWith("--")) return `--${name} of ${verb} takes a value`;
    if (next !== undefined) at++;
  }
  const alternatives = first?.split("|") ?? [];
  const wrong = alternatives.find((word) => /^[a-z]+$/.test(word) && !found.words.has(word));
  return found.words.size === 0 || wrong === undefined || verb === "deploy"
    ? undefined
    : `${verb} has no ${wrong}`;
}

const COMMANDS = PAGES.flatMap(commandsOf);

describe("the pages", () => {
  it("print commands, with flags and settings, that there are", () => {
    expect(COMMANDS.length).toBeGreaterThan(150);
    const faults = COMMANDS.flatMap((command) => {
      const fault = faultOf(command);
      return fault === undefined ? [] : [`${command.at}: ${command.line}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  it("would be found out: a flag, a verb, a word, a setting, a file and a program that there are not", () => {
    const faultsOf = (line: string) =>
      commandsOf(pageOf("a.md", `\`\`\`sh\n${line}\n\`\`\``)).map((command) => faultOf(command));
    expect(faultsOf("bun run backup --into x   # a comment --with a flag")).toEqual(["backup has no --into"]);
    expect(faultsOf("bun run backup --to --database-url")).toEqual(["--to of backup takes a value"]);
    expect(faultsOf("bun run bakcup")).toEqual(["no script bakcup"]);
    expect(faultsOf("bun run models lsit")).toEqual(["models has no lsit"]);
    expect(faultsOf("MODELDIR=x bun run serve")).toEqual(["no setting MODELDIR"]);
    expect(faultsOf("bun bench/none.ts && fdocker build")).toEqual([
      "no file bench/none.ts",
      "unknown program fdocker",
    ]);
    expect(faultsOf("bun run foretick exprot")).toEqual(["no verb exprot"]);
    expect(faultsOf("bun run export --from 2026-10-01 --to-file a.parquet")).toEqual([undefined]);
  });

  it("link to pages and headings that there are", () => {
    const by_path = new Map(PAGES.map((page) => [page.path, page]));
    const broken = PAGES.flatMap((page) =>
      [...page.text.replace(/```[\s\S]*?```/g, "").matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
        if (/^(https?|mailto):/.test(link!)) return [];
        const [path, anchor] = link!.split("#");
        const to = path === "" ? page.path : join(dirname(page.path), path!);
        if (!existsSync(join(ROOT, to))) return [`${page.path} → ${link}`];
        const target = by_path.get(to);
        return anchor !== undefined && target && !anchorsOf(target).has(anchor)
          ? [`${page.path} → ${link}`]
          : [];
      }),
    );
    expect(broken).toEqual([]);
  });

  it("name files and folders that there are", () => {
    const lacking = PAGES.flatMap(({ path, spans }) =>
      spans
        .filter((code) => /^(src|scripts|sql|test|bench|ops|deploy|docs|\.github)\/[\w./@-]*$/.test(code))
        .filter((code) => !code.includes("NNNN"))
        .filter((code) => !existsSync(join(ROOT, code)) && !existsSync(join(ROOT, dirname(path), code)))
        .map((code) => `${path}: ${code}`),
    );
    expect(lacking).toEqual([]);
  });

  it("name routes that there are", () => {
    const routes = Object.keys(ACCESS_TABLE).map((route) => route.replace(/:\w+/g, "*"));
    const named = PAGES.flatMap(({ path, text }) =>
      [...text.matchAll(/\b(GET|POST|PUT|DELETE) (\/[\w/:{}<>.*-]*)/g)].map(([, method, route]) => ({
        path,
        route: `${method} ${route!.replace(/(?<=\/)(?::\w+|\{\w+\}|<\w+>)/g, "*").replace(/[.]$/, "")}`,
      })),
    ).filter(({ path, route }) => !(path === "docs/simulator.md" && route === CONTROL_PORT));
    expect(named.length).toBeGreaterThan(20);
    expect(
      named.filter(({ route }) => !routes.includes(route)).map(({ path, route }) => `${path}: ${route}`),
    ).toEqual([]);
  });

  it("name metrics, tables and roles that there are", () => {
    const sources = ["src", "sql", "scripts", "compose.yaml", "deploy", "fly.toml"]
      .flatMap(textsBelow)
      .join("\n");
    const known = new Set([...sources.matchAll(/\bforetick_[a-z0-9_]+/g)].map(([name]) => name));
    const registered = new Set(
      [...sources.matchAll(/"([a-z][a-z0-9_]+)"/g)].map(([, name]) => `foretick_${name}`),
    );
    const named = PAGES.filter(({ path }) => !/^docs\/(decisions|reference)\//.test(path)).flatMap(
      ({ path, text }) =>
        [...text.matchAll(/\bforetick_[a-z0-9_]+(?!\*|[a-z0-9_])/g)].map(([name]) => ({ path, name })),
    );
    const lacking = named.filter(({ name }) => {
      const base = name.replace(/_(bucket|count|sum)$/, "");
      const built = [...known].some((start) => start.endsWith("_") && base.startsWith(start));
      return (
        ![name, base].some((each) => known.has(each) || registered.has(each)) && !built && !name.endsWith("_")
      );
    });
    expect(lacking).toEqual([]);
  });

  const namesIn = (path: string): string[] => {
    const { text } = PAGES.find((page) => page.path === path)!;
    return [...text.matchAll(/^\| `([A-Z][A-Z0-9_]+)` \|/gm)].map(([, name]) => name!);
  };

  it("say of every setting what it is, in the reference that is written from the code", () => {
    expect(namesIn("docs/reference/settings.md").toSorted()).toEqual(SETTING_NAMES.toSorted());
    expect(PAGES.find(({ path }) => path === "docs/reference/settings.md")!.text).toBe(settingsPage());
  });

  it("name to a newcomer a few settings that there are, with their defaults", () => {
    const names = namesIn("README.md");
    expect(names.length).toBeGreaterThan(4);
    const defaults = new Map(shownConfig(readConfig({})).map(({ name, value }) => [name, value]));
    const { text } = PAGES.find(({ path }) => path === "README.md")!;
    for (const name of names) {
      expect(SETTING_NAMES).toContain(name);
      expect(text).toContain(`| \`${name}\` | ${defaults.get(name) ?? "–"} |`);
    }
  });
});

function textsBelow(path: string): string[] {
  const at = join(ROOT, path);
  if (statSync(at).isFile()) return [readFileSync(at, "utf8")];
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|sql|ya?ml|service)$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
}
