/** The files that say where the service runs, as tests read them, and what all of them are held to. */

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { readConfig, SETTING_NAMES } from "../../src/base/config.ts";

export const ROOT = resolve(import.meta.dirname, "../..");

export const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
export const yaml = <T>(path: string): T => Bun.YAML.parse(text(path)) as T;
export const toml = <T>(path: string): T => Bun.TOML.parse(text(path)) as T;

export type Environment = Readonly<Record<string, string>>;

/** What a runtime or the base image reads, beside ours. */
const OTHERS = new Set(["HOME", "BUN_RUNTIME_TRANSPILER_CACHE_PATH"]);

/** Every name is a setting, and the service starts with these values. */
export function expectSettings(environment: Environment): void {
  const names = Object.keys(environment).filter((name) => !OTHERS.has(name));
  expect(names.filter((name) => !SETTING_NAMES.includes(name))).toEqual([]);
  expect(() => readConfig(environment)).not.toThrow();
}

/** An exact version: a tag that moves would bring another image one day. */
export function expectPinned(image: string): void {
  expect(image).toMatch(/:v?\d+\.\d+[\w.-]*$|:RELEASE\.[\dTZ-]+$|:bookworm-\d{8}-slim$/);
}

/** A command's program is Bun, its script exists, and a role is one there is. */
export function expectCommand(words: readonly string[]): void {
  const [program, script, ...rest] = words;
  expect(program).toMatch(/(^|\/)bun(\.exe)?$/);
  expect(existsSync(join(ROOT, script!))).toBe(true);
  if (rest.length > 0) {
    expect(rest[0]).toBe("--role");
    expect(() => readConfig({ ROLE: rest[1], REDIS_URL: "redis://redis" })).not.toThrow();
  }
}

const PATHS = Object.keys((JSON.parse(text("docs/openapi.json")) as { paths: object }).paths);

/** A path that the service answers. */
export const expectAnswered = (path: string): void => expect(PATHS).toContain(path);
