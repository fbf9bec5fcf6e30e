/** Workflows: what they run exists, and what they take from others is pinned. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectPinned, ROOT, text, yaml } from "./files.ts";

interface Step {
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly uses?: string;
  readonly run?: string;
}

interface Job {
  readonly uses?: string;
  readonly needs?: string;
  readonly container?: string;
  readonly services?: Readonly<Record<string, { readonly image: string }>>;
  readonly "timeout-minutes"?: number;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = ".github/workflows";
const { scripts } = JSON.parse(text("package.json")) as { scripts: Readonly<Record<string, string>> };
const exists = (path: string): boolean => existsSync(join(ROOT, path));

/** What of a `run:` is of this repository and is not there. */
function missingIn(run: string): string[] {
  const scripted = [...run.matchAll(/\b(?:npm|bun) run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name!);
  const files = [...run.matchAll(/(?:^|\s)((?:ops|bench|scripts)\/[\w./-]+)/gm)].map(([, path]) => path!);
  const programs = files.filter((path) => path.endsWith(".sh") && exists(path));
  return [
    ...scripted.filter((name) => !(name in scripts)),
    ...files.filter((path) => !exists(path)),
    ...programs.filter((path) => (statSync(join(ROOT, path)).mode & 0o111) === 0),
  ];
}

it("a check finds a script that is not there", () => {
  expect(missingIn("npm run nothing-such && ops/none.sh\nnpm run check")).toEqual([
    "nothing-such",
    "ops/none.sh",
  ]);
});

describe("the workflows", () => {
  const names = readdirSync(join(ROOT, FOLDER));

  it("are those of a change, a night, a week, an image and a deployment", () => {
    expect(names.sort()).toEqual(["deploy.yml", "image.yml", "nightly.yml", "test.yml", "weekly.yml"]);
  });

  for (const name of names) {
    it(`${name}: runs what there is, with what is pinned, in bounded time and with few rights`, () => {
      const { on, permissions, jobs } = yaml<Workflow>(`${FOLDER}/${name}`);
      expect(Object.keys(on).length).toBeGreaterThan(0);
      expect(permissions).toEqual({ contents: "read" });
      for (const [job, { uses, needs, container, services, steps, ...rest }] of Object.entries(jobs)) {
        if (needs) expect(jobs).toHaveProperty(needs);
        if (uses) {
          expect(exists(uses)).toBe(true);
          continue;
        }
        expect([job, rest["timeout-minutes"]! > 0]).toEqual([job, true]);
        if (container) expectPinned(container);
        for (const { image } of Object.values(services ?? {})) expectPinned(image);
        for (const step of steps!) {
          if (step.uses) expect(step.uses).toMatch(/^[\w./-]+@[0-9a-f]{40}$/);
          expect(missingIn(step.run ?? "")).toEqual([]);
        }
      }
    });
  }

  it("keep pictures of every page and of each browser test, also where a test has failed", () => {
    const steps = yaml<Workflow>(`${FOLDER}/test.yml`).jobs.embedded!.steps!;
    const suite = steps.findIndex(({ run }) => run === "npm test");
    expect(steps[suite]!.env!.SCREENSHOTS_DIR).toMatch(/^screenshots\//);
    const after = steps.slice(suite + 1);
    expect(after.map((step) => step.if?.includes("!cancelled()"))).toEqual([true, true]);
    expect(after[0]!.run).toMatch(/ bench\/page\/screenshots\.ts --to screenshots\//);
    expect(after[1]!.with!.path).toBe("screenshots");
  });

  it("names benches there are", () => {
    const run = /bench\/history\.ts --file \S+ ([\w/ ]+)/.exec(text(`${FOLDER}/nightly.yml`))![1]!;
    expect(run.split(" ").filter((bench) => !exists(`bench/${bench}.ts`))).toEqual([]);
  });
});
