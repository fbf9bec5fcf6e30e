import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BrowserContext, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { micros } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { readGates } from "../../../src/model/gates.ts";
import { finishModel } from "../../../src/train/finish.ts";
import { trainableOf } from "../../../src/train/fit/trainables.ts";
import { train } from "../../../src/train/run.ts";
import { FULL } from "../../full.ts";
import { syntheticDataset } from "../data/synthetic.ts";

const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const present = existsSync(CHROMIUM);
if (!present) {
  console.warn(
    `SKIPPED: the report card in a browser. No Chromium at ${CHROMIUM}; set CHROMIUM_PATH to one.`,
  );
}

describe.skipIf(!present)("the report card in a browser", () => {
  let folder: string;
  let browser: BrowserContext;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "foretick-report-page-"));
    browser = await chromium.launchPersistentContext(join(folder, "profile"), {
      executablePath: CHROMIUM,
      javaScriptEnabled: false,
      args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
    });
    const dataset = syntheticDataset({ seed: 5, seconds: 3 * 3600, r2: 0.05 });
    const run = await train(dataset, v1, [await trainableOf("ridge")], { seed: 1, train_share: 0.7 });
    const gates = await readGates(join(import.meta.dirname, "..", "..", "..", "models", "gates.json"));
    const { contents } = await finishModel(dataset, v1, run, run.fitted[0]!, gates, {
      name: "ridge-with-a-name-as-long-as-names-can-be-without-being-refused",
      version: "20261121-100000",
      created_at_us: micros(1_700_000_000_000_000),
      seed: 1,
      train_share: 0.7,
      sources: ["synthetic"],
    });
    await writeFile(join(folder, "report.html"), contents.extra!["report.html"]!);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (const width of [360, 390, 768, 1280]) {
    // Colours move nothing: one width in the dark shows it, every width where the suite runs whole.
    const schemes: readonly ("light" | "dark")[] = FULL || width === 390 ? ["light", "dark"] : ["light"];
    for (const colorScheme of schemes) {
      it(`fits ${width} pixels, ${colorScheme}, makes no request, and every text is legible`, async () => {
        const page = await browser.newPage();
        const requests: string[] = [];
        page.on("request", (request) => requests.push(request.url()));
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await page.goto(pathToFileURL(join(folder, "report.html")).href);
        expect(requests).toHaveLength(1);
        const body = (await page.locator("body").boundingBox())!;
        expect(body.width).toBeLessThanOrEqual(width);
        for (const figure of await page.locator("figure, .gates li, .figures div, .verdict, .wide").all()) {
          const box = (await figure.boundingBox())!;
          expect(box.x + box.width).toBeLessThanOrEqual(width);
        }
        // Letters of the plots shrink with their picture: on a phone they are still nine pixels high.
        for (const plot of await page.locator("svg").all()) {
          const { width: drawn } = (await plot.boundingBox())!;
          expect((11 * drawn) / 380).toBeGreaterThan(8.5);
        }
        await page.close();
      });
    }
  }
});
