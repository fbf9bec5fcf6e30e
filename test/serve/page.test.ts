import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/base/log.ts";
import { type RunningServer, startServer } from "../../src/serve/server.ts";
import { FakeMarket } from "./fake_market.ts";

const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
const present = existsSync(CHROMIUM);
if (!present) {
  console.warn(`SKIPPED: the page in a browser. No Chromium at ${CHROMIUM}; set CHROMIUM_PATH to one.`);
}

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
  }, 60_000);

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
    expect(await page.locator("#outcomes tr").count()).toBe(10);
    expect(await page.locator("#chart circle").count()).toBeGreaterThanOrEqual(4);

    const settled = START_SEC + 50;
    market.tick(settled + 10);
    const came = market.recent().find((row) => row.ts_sec === settled)!.realized_log_return_10s!;
    const bp = `${came < 0 ? "−" : "+"}${Math.abs(came * 1e4).toFixed(2)} bp`;
    await becomes("#outcomes tr:first-child td:nth-child(3)", bp);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
    expect(faults).toEqual([]);
  }, 60_000);

  it("says why there is no forecast, and shows the price all the same", async () => {
    const market = new FakeMarket();
    market.reason = "Look-back fills: 4 min 10 s to go.";
    await open((await serve(market)).url);
    await becomes("#notice", "Look-back fills: 4 min 10 s to go.");
    expect(await text("#price")).toBe("61,837.60");
    expect(await text("#words")).toBe("no forecast yet");
    expect(await page.locator("#outcomes-table").isVisible()).toBe(false);
  }, 60_000);

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
  }, 60_000);

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
  }, 60_000);
});
