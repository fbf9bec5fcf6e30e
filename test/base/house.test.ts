import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { STORIES } from "../../scripts/suite/suites.ts";
import { RUNTIME_SUBJECTS } from "../second_runner.ts";

const src = resolve(import.meta.dirname, "../../src");

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

const tests = resolve(import.meta.dirname, "..");
const testFiles = readdirSync(tests, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => ({ name, text: readFileSync(join(tests, name), "utf8") }));

/** The stage a file belongs to; undefined for the few at the top, which may import everything. */
const stageOf = (file: string): string | undefined => (file.includes("/") ? file.split("/")[0] : undefined);

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), "utf8");
  const found = text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...found].map(([, path]) => relative(src, resolve(src, file, "..", path!)));
}

describe("the house", () => {
  it("has files to look at", () => {
    expect(files.length).toBeGreaterThan(100);
  });

  it("lets a folder import only itself and the folders above it", () => {
    const wrong: string[] = [];
    for (const file of files) {
      const stage = stageOf(file);
      for (const imported of importsOf(file)) {
        const other = stageOf(imported);
        if (stage !== undefined && (other === undefined || other > stage))
          wrong.push(`${file} → ${imported}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("gives a browser types of the service, and no code of it", () => {
    const page = files.filter((file) => file.startsWith("serve/page/"));
    expect(page.length).toBeGreaterThan(30);
    const taken = page.flatMap((file) => {
      const text = readFileSync(join(src, file), "utf8");
      const found = text.matchAll(/^(import|export)(?! type )[^;]*?"(\.{1,2}\/[^"]+)"/gm);
      const paths = [...found].map(([, , path]) => relative(src, resolve(src, file, "..", path!)));
      return paths.filter((path) => !path.startsWith("serve/page/")).map((path) => `${file} → ${path}`);
    });
    expect(taken).toEqual([]);
  });

  it("keeps training and its network library out of the service", () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file) || !files.includes(file)) return;
      seen.add(file);
      for (const imported of importsOf(file)) visit(imported);
    };
    visit("main.ts");
    expect(seen.size).toBeGreaterThan(50);
    expect([...seen].filter((file) => /^(train|sim)\//.test(file))).toEqual([]);
  });

  it("knows of every test file how long it takes: npm test -- <part of its path> --timings writes it down", () => {
    const path = resolve(tests, "../scripts/suite/timings.json");
    const timed = JSON.parse(readFileSync(path, "utf8")) as { files: Record<string, number> };
    const named = testFiles.map(({ name }) => `test/${name}`);
    expect(named.filter((name) => !(timed.files[name]! > 0))).toEqual([]);
    expect(Object.keys(timed.files).filter((name) => !named.includes(name))).toEqual([]);
    expect(STORIES.filter((name) => !named.includes(name))).toEqual([]);
  });

  it("has under the second runner only files there are, each once", () => {
    const paths = RUNTIME_SUBJECTS.flatMap(({ paths }) => paths.map((path) => join(tests, path)));
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
    expect(paths.filter((path) => paths.some((other) => path.startsWith(`${other}/`)))).toEqual([]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it("leaves time limits to the runner: a test that names its own is decided by how busy the machine is", () => {
    const still = "features/sql/sql_equals_live.test.ts";
    const own = testFiles.filter(
      ({ name, text }) => name !== still && /^\s*(?:\}, )?\d+_000(?:,|\);)$/m.test(text),
    );
    expect(own.map(({ name }) => name)).toEqual([]);
  });

  it("does in its tests only what both runners do alike", () => {
    const found = (pattern: RegExp): string[] =>
      testFiles.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
    // See rejection.ts.
    expect(found(/\)\s*\.(rejects|resolves)\s*\./)).toEqual([]);
    // A function returned from `beforeEach` is called by vitest and forgotten by bun: what it closes stays open.
    expect(found(/before(?:Each|All)\((?:(?!\n {0,2}\}\)).)*?return (?:async )?\(\) =>/s)).toEqual([]);
  });

  it("begins every transaction where one whose connection is cut does not end the process", () => {
    const begins = files.filter((file) => /sql\.begin\(/.test(readFileSync(join(src, file), "utf8")));
    expect(begins).toEqual(["record/sql/transaction.ts"]);
  });
});
