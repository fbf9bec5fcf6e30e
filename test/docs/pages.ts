/** The pages a person reads, and the commands on them as they stand there. */

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

export interface Page {
  /** From the root, e.g. "docs/deploy.md". */
  readonly path: string;
  readonly text: string;
  readonly fences: readonly { readonly language: string; readonly text: string; readonly line: number }[];
  /** Code within sentences. */
  readonly spans: readonly string[];
}

export interface Command {
  /** e.g. "docs/deploy.md:81". */
  readonly at: string;
  /** As printed, without its comment. */
  readonly line: string;
  /** Set before it, by name. */
  readonly environment: Readonly<Record<string, string>>;
  /** e.g. ["bun", "run", "backup", "--to", "backups/2026-11-28"]. */
  readonly words: readonly string[];
}

const TOP = ["README.md", "CONTRIBUTING.md", "SECURITY.md"];

export function pages(): Page[] {
  const below = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" });
  const paths = [...TOP, ...below.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];
  return paths.sort().map((path) => pageOf(path, readFileSync(join(ROOT, path), "utf8")));
}

export function pageOf(path: string, text: string): Page {
  const fences: { language: string; text: string; line: number }[] = [];
  const prose: string[] = [];
  let open: { language: string; lines: string[]; line: number } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^\s*```(\w*)/.exec(line);
    if (fence && open) {
      fences.push({ language: open.language, text: open.lines.join("\n"), line: open.line });
      open = undefined;
    } else if (fence) open = { language: fence[1]!, lines: [], line: index + 2 };
    else if (open) open.lines.push(line);
    else prose.push(line);
  }
  const spans = [...prose.join("\n").matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
  return { path, text, fences, spans };
}

/** Those of its fences for a shell, one by one, and those named within sentences. */
export function commandsOf({ path, fences, spans }: Page): Command[] {
  const shell = fences.filter(({ language, text }) => language === "sh" || /^\S*\s*bun run /.test(text));
  const lines = shell.flatMap(({ text, line }) =>
    text.split("\n").map((each, index) => ({ at: `${path}:${line + index}`, line: each })),
  );
  const named = spans.filter((code) => /^(?:[A-Z_]+=\S+ )*(?:bun|npm) /.test(code));
  return [...lines, ...named.map((line) => ({ at: path, line }))].flatMap(({ at, line }) =>
    line
      .replace(/(?:^|\s)#.*$/, "")
      .split(/\s*(?:&&|\|(?!\|))\s*(?=[a-z$A-Z])/)
      .filter((part) => part.trim() !== "" && !/^[a-z]+[|\]]/.test(part))
      .map((part) => ({ at, ...parsed(part.trim()) })),
  );
}

function parsed(line: string): Omit<Command, "at"> {
  const words = [...line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/["']/g, ""),
  );
  const environment: Record<string, string> = {};
  while (/^[A-Z_0-9]+=/.test(words[0] ?? "")) {
    const [name, ...value] = words.shift()!.split("=");
    environment[name!] = value.join("=");
  }
  return { line, environment, words };
}

/** Headings as GitHub makes anchors of them. */
export function anchorsOf({ text }: Page): Set<string> {
  const headings = [...text.replace(/```[\s\S]*?```/g, "").matchAll(/^#+ (.+)$/gm)].map(
    ([, heading]) => heading!,
  );
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
