/**
 * `bun bench/page/screenshots.ts [--url http://127.0.0.1:8080 --key ft_…] [--to folder] [--page data] [--width 390]`: every
 * page in Chromium at four widths, light and dark, as PNGs to look at; of a running service, or without a `--url` over a
 * market of which everything is known. Says of each page what it wrote on the console, and how far it is wider than its
 * screen; exit code 1 where one did either.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { silentLogger } from "../../src/base/log.ts";
import { startServer } from "../../src/serve/server.ts";
import { busyOperator } from "../../test/serve/page/busy.ts";
import { FullMarket } from "../../test/serve/page/full_market.ts";
import { keyed } from "../../test/serve/page/visit.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    key: { type: "string" },
    to: { type: "string", default: "screenshots" },
    page: { type: "string", multiple: true },
    width: { type: "string", multiple: true },
    scheme: { type: "string", multiple: true },
  },
});

const PAGES = values.page ?? ["live", "models", "training", "experiments", "data", "operations"];
const WIDTHS = (values.width ?? ["390", "768", "1280", "1920"]).map(Number);
const SCHEMES = (values.scheme ?? ["light", "dark"]) as ("light" | "dark")[];
/** Until panels have asked and drawn (ms). */
const SETTLE_MS = 4_000;
/** Of the market shown (s). */
const HISTORY_S = 320;

/** A market that goes on, with all that operators can have. */
async function served(): Promise<{ url: string; key: string | undefined; close: () => Promise<void> }> {
  if (values.url) return { url: values.url, key: values.key, close: async () => {} };
  const market = new FullMarket();
  market.operator = busyOperator();
  let sec = Math.floor(Date.now() / 1_000) - HISTORY_S;
  const upTo = (end: number): void => {
    while (sec < end) market.tick(sec++);
  };
  upTo(Math.floor(Date.now() / 1_000));
  const timer = setInterval(() => upTo(Math.floor(Date.now() / 1_000)), 250);
  const options = { ports: market, port: 0, hostname: "127.0.0.1", log: silentLogger, access: keyed() };
  const server = await startServer(options);
  const close = async (): Promise<void> => {
    clearInterval(timer);
    await server.close();
  };
  return { url: server.url, key: "right", close };
}

const { url, key, close } = await served();
let faults = 0;
mkdirSync(values.to, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
  ],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
if (key) {
  await context.addInitScript(`sessionStorage.setItem("foretick-key", ${JSON.stringify(key)})`);
}
const page = await context.newPage();
let said: string[] = [];
page.on("console", (message) => said.push(`${message.text()} (${message.location().url})`));
page.on("pageerror", (error) => said.push(`thrown: ${error.message}`));
for (const name of PAGES) {
  said = [];
  await page.goto(`${url}/#${name}`);
  await page.reload();
  await page.waitForTimeout(SETTLE_MS);
  // The first model's details, where there is one.
  const details = page.getByRole("button", { name: /^Details of/ }).first();
  if (name === "models" && (await details.count()) > 0) {
    await details.click();
    await page.waitForTimeout(SETTLE_MS / 2);
  }
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(values.to, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      const over = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      if (over > 0) faults++;
      if (over > 0) console.log(`${name} at ${width} px: ${over} px wider than the screen`);
    }
  }
  faults += said.length;
  console.log(`${name}: ${said.length === 0 ? "nothing on the console" : [...new Set(said)].join("; ")}`);
}
await browser.close();
await close();
process.exit(faults > 0 ? 1 : 0);
