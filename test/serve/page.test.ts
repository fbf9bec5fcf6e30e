import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/base/log.ts";
import { micros, modelVersion } from "../../src/base/units.ts";
import { Access } from "../../src/serve/access/access.ts";
import { type RunningServer, startServer } from "../../src/serve/server.ts";
import { FakeMarket } from "./fake_market.ts";

const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const present = existsSync(CHROMIUM);
if (!present) {
  console.warn(`SKIPPED: the page in a browser. No Chromium at ${CHROMIUM}; set CHROMIUM_PATH to one.`);
}

const AXE = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const START_SEC = 1_732_180_000;

describe.skipIf(!present)("the page in a browser", () => {
  let profile: string;
  let browser: BrowserContext;
  let server: RunningServer | undefined;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    profile = await mkdtemp(join(tmpdir(), "foretick-page-"));
    browser = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      viewport: { width: 390, height: 844 },
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await rm(profile, { recursive: true, force: true });
  });

  afterEach(async () => {
    await page?.close();
    await server?.close();
    server = undefined;
  });

  async function serve(market: FakeMarket, port = 0): Promise<RunningServer> {
    server = await startServer({ ports: market, port, hostname: "127.0.0.1", log: silentLogger });
    return server;
  }

  async function open(url: string): Promise<void> {
    faults.length = 0;
    page = await browser.newPage();
    page.on("pageerror", (error) => faults.push(error.message));
    // A refused script or style is told here and nowhere else.
    page.on(
      "console",
      (message) => message.text().includes("Content Security") && faults.push(message.text()),
    );
    await page.goto(url);
  }

  /** What a reader with a screen reader, a keyboard or weak sight would stumble over, by axe-core. */
  async function stumbles(): Promise<string[]> {
    await page.evaluate(AXE);
    const found = await page.evaluate<{ id: string; nodes: { target: unknown }[] }[]>(
      "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)",
    );
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(", ")}`);
  }

  const text = async (selector: string): Promise<string> => (await page.textContent(selector)) ?? "";
  const becomes = (selector: string, wanted: string) =>
    page.locator(selector).filter({ hasText: wanted }).first().waitFor({ timeout: 15_000 });

  it("shows the price, the forecast in words, and what came of the last ones", async () => {
    const market = new FakeMarket();
    for (let sec = START_SEC; sec < START_SEC + 60; sec++) market.tick(sec);
    await open((await serve(market)).url);
    await becomes("#connection", "Live");
    await page.locator("#outcomes tr").first().waitFor();
    const newest = market.recent().at(-1)!;
    const grouped = (price: number) =>
      price.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    expect(await text("#price")).toBe(grouped(newest.current_price));
    expect(await text("#predicted")).toBe(grouped(newest.predicted_price));
    expect(await text("#words")).toMatch(/^(Up|Down) \d+\.\d\d bp, [+−]\d+\.\d\d, by \d\d:\d\d:\d\d$/);
    expect(await text("#feeds")).toContain("Best bid and ask0.0 s");
    expect(await text("#score")).toContain("a coin would show anything");
    expect(await text("#maker")).toBe("Made by the champion ridge-v1, of the mid price ten seconds ahead.");
    expect(await text("#model")).toContain("Rolechampion, the model served");
    await becomes("#quality", "R² against no move, the last day: ");
    // Of a minute and a half that memory holds as a whole.
    expect(await text("#quality-rests")).toMatch(
      /^It rests on about 3 independent outcomes\. That is too few/,
    );
    expect(await page.locator("#outcomes tr").count()).toBe(10);
    expect(await page.locator("#chart circle").count()).toBeGreaterThanOrEqual(4);
    expect(await page.locator("#chart .cone").count()).toBe(1);
    expect(await text("#worth")).toMatch(
      /^9 of 10 times between 6[\d,.]+ and 6[\d,.]+; up with 52 % if it moves$/,
    );

    const settled = START_SEC + 50;
    market.tick(settled + 10);
    const came = market.recent().find((row) => row.ts_sec === settled)!.realized_log_return!;
    const bp = `${came < 0 ? "−" : "+"}${Math.abs(came * 1e4).toFixed(2)} bp`;
    await becomes("#outcomes tr:first-child td:nth-child(3)", bp);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
    expect(faults).toEqual([]);
  });

  it("fills the chart's width from the first forecasts on, and draws longer ranges with zoom and numbers", async () => {
    const market = new FakeMarket();
    for (let sec = START_SEC; sec < START_SEC + 20; sec++) market.tick(sec);
    await open((await serve(market)).url);
    await page.locator("#chart .price").waitFor();
    const begun = () =>
      page.evaluate<number>(
        "Number(/^M([\\d.]+)/.exec(document.querySelector('#chart .price').getAttribute('d'))[1])",
      );
    expect(await begun()).toBeLessThan(1);
    expect(await page.locator("#chart .band").count()).toBe(1);
    for (let sec = START_SEC + 20; sec < START_SEC + 1_000; sec++) market.tick(sec);
    await page.getByText("15 m", { exact: true }).click();
    await becomes("#long-state", "One forecast in 2 seconds.");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await stumbles()).toEqual([]);
    }
    expect(await page.locator("#long-chart canvas").count()).toBe(2);
    const reading =
      /^\d\d:\d\d:\d\d · price 6[\d,.]+ · forecast [+−\d.]+ bp · came (–|[+−\d.]+ bp) · then between /;
    expect(await text("#long-reading")).toMatch(reading);
    await page.locator("#long-chart").press("Home");
    await becomes("#long-reading", "price");
    expect(await text("#long-reading")).toMatch(reading);
    await page.locator("#long-chart").press("+");
    await becomes("#long-state", "Every forecast.");
    await page.locator("#whole").click();
    await becomes("#long-state", "One forecast in 2 seconds.");
    await page.getByText("5 m", { exact: true }).click();
    await page.locator("#chart .price").waitFor();
    expect(faults).toEqual([]);
  });

  it("has pages: operations in words for anyone, models for who has a key, and asks before it promotes", async () => {
    const promoted: unknown[] = [];
    const version = modelVersion("ridge-v1/next");
    const model = {
      ...{
        version,
        kind: "ridge",
        created_us: micros(1.7e15),
        registered_us: micros(1.7e15),
        feature_set: "v1",
      },
      ...{ set_hash: "5f".repeat(32), horizon_s: 10, servable: true, aliases: [], symbol: "BTCUSDT" },
      ...{ metrics: null, feature_names: [], manifest_sha256: "", manifest: {}, sha256s: {}, events: [] },
      gates: [{ gate: "beats zero", metric: "r2", operator: ">", limit: 0, observed: 0.001, passed: true }],
    };
    const operator = {
      ...{ loaded: () => undefined, runningTraining: () => null },
      ...{ models: async () => [model], model: async () => model },
      promote: async (asked: { version: string; symbol: string }) => {
        promoted.push(asked);
        return {
          place: { symbol: asked.symbol, alias: "champion" },
          version,
          version_before: null,
          moved: true,
        };
      },
    };
    const market = Object.assign(new FakeMarket(), { operator: operator as never });
    market.dependencies[0] = { name: "database", state: "down", reason: "it does not answer", facts: {} };
    market.tick(START_SEC);
    const key = {
      ...{ fits: () => true, any: async () => true },
      identify: async (text: string) =>
        text === "right"
          ? ({ actor: "anna", role: "operator", id: "anna" } as const)
          : "there is no such key",
    };
    const access = new Access({ public_read: true, credentials: [key] });
    server = await startServer({ ports: market, port: 0, hostname: "127.0.0.1", log: silentLogger, access });
    await open(`${server.url}/#operations`);
    await becomes("#page", "It does not serve");
    await becomes("#page .part", "What to do: Rows wait in the journal");
    expect(await stumbles()).toEqual([]);

    await page.getByRole("link", { name: "Models" }).click();
    await page.locator("#key").fill("wrong");
    await page.getByRole("button", { name: "Use it in this tab" }).click();
    await becomes("#page", "there is no such key");
    await page.locator("#key").fill("right");
    await page.getByRole("button", { name: "Use it in this tab" }).click();
    await page.getByRole("button", { name: "Details of ridge-v1/next" }).click();
    await page.getByRole("button", { name: "Promote ridge-v1/next" }).click();
    await becomes("dialog", "within seconds every forecast served there comes from it");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await stumbles()).toEqual([]);
    }
    expect(promoted).toEqual([]);
    await page.locator("#reason").fill("better in its test");
    await page.getByRole("button", { name: "Promote", exact: true }).click();
    await becomes("dialog", "Done. ridge-v1/next is the champion of every symbol now");
    expect(promoted).toMatchObject([{ version, symbol: "*", reason: "better in its test", actor: "anna" }]);
    expect(
      await page.evaluate("[localStorage.length, sessionStorage.getItem('foretick-key'), document.cookie]"),
    ).toEqual([0, "right", ""]);
    expect(faults).toEqual([]);
  });

  it("says why there is no forecast, and shows the price all the same", async () => {
    const market = new FakeMarket();
    market.reason = "Look-back fills: 4 min 10 s to go.";
    await open((await serve(market)).url);
    await becomes("#notice", "Look-back fills: 4 min 10 s to go.");
    expect(await text("#price")).toBe("61,837.60");
    expect(await text("#words")).toBe("no forecast yet");
    expect(await page.locator("#outcomes-table").isVisible()).toBe(false);
  });

  it("shows another model where its address asks for one, and nothing of the champion's", async () => {
    const market = new FakeMarket();
    const long = { model_version: modelVersion("minute-v1/7"), role: "challenger", horizon_s: 60 } as const;
    for (let sec = START_SEC; sec < START_SEC + 100; sec++) {
      market.tick(sec);
      if (sec % 10 === 0) market.predict(sec, long);
    }
    await open(`${(await serve(market)).url}/?role=challenger`);
    await becomes("#maker", "Made by the challenger minute-v1, of the mid price one minute ahead.");
    expect(await text("#horizon")).toBe("one minute");
    await becomes("#model", "one minute");
    // The champion's next forecasts change nothing; the challenger's next one does.
    for (let sec = START_SEC + 100; sec < START_SEC + 104; sec++) market.tick(sec);
    market.predict(START_SEC + 104, long);
    const shown = market.recent("BTCUSDT", { role: "challenger" }).at(-1)!;
    const by = await page.evaluate(`new Date(${(shown.ts_sec + 60) * 1000}).toTimeString().slice(0, 8)`);
    await becomes("#words", `by ${by}`);
    expect(await page.locator("#outcomes tr").count()).toBe(5);
    expect(faults).toEqual([]);
  });

  it("does not let the last forecast pass for a current one when forecasts have stopped", async () => {
    const market = new FakeMarket();
    for (let sec = START_SEC; sec < START_SEC + 12; sec++) market.tick(sec);
    await open((await serve(market)).url);
    await becomes("#words", "by ");
    market.reason = "The feed has been silent for 6 s.";
    await becomes("#words", "stopped; the last was made at ");
    market.reason = null;
    market.tick(START_SEC + 12);
    await becomes("#words", "by ");
  });

  it("survives a restart of the service: says it is cut off, comes back, and fills what it missed", async () => {
    const before = new FakeMarket();
    for (let sec = START_SEC; sec < START_SEC + 12; sec++) before.tick(sec);
    const { port, url } = await serve(before);
    await open(url);
    await becomes("#connection", "Live");
    await server?.close();
    await becomes("#connection", "Cut off, reconnecting");

    const after = new FakeMarket({ seed: 8 });
    for (let sec = START_SEC + 60; sec < START_SEC + 80; sec++) after.tick(sec);
    await serve(after, port);
    await becomes("#connection", "Live");
    const missed = after.recent().find((row) => row.ts_sec === START_SEC + 69)!;
    const at = await page.evaluate(`new Date(${missed.ts_sec * 1000}).toTimeString().slice(0, 8)`);
    await becomes("#outcomes tr:first-child td:first-child", String(at));
    expect(faults).toEqual([]);
  });
});
