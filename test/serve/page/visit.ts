/**
 * The page in a real Chromium: a server over ports of one's own, one tab, what is read from it, and what the page said on the
 * console. Without a test runner, for benches use it too.
 */

import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { silentLogger } from "../../../src/base/log.ts";
import { Access } from "../../../src/serve/access/access.ts";
import type { ServePorts } from "../../../src/serve/ports.ts";
import { type RunningServer, startServer } from "../../../src/serve/server.ts";

const CHROMIUM = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
/** Whether there is a browser here; says so once where there is none. */
export const present = existsSync(CHROMIUM);
if (!present) {
  console.warn(`SKIPPED: the page in a browser. No Chromium at ${CHROMIUM}; set CHROMIUM_PATH to one.`);
}

const AXE = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
const PHONE = { width: 390, height: 844 };
const WAIT_MS = 15_000;

/** One who may operate with "right", read with "reader"; the rest is refused. */
const KEY = {
  ...{ fits: () => true, any: async () => true },
  identify: async (text: string) => {
    if (text === "right") return { actor: "anna", role: "operator", id: "anna" } as const;
    if (text === "reader") return { actor: "rita", role: "viewer", id: "rita" } as const;
    return "there is no such key";
  },
};
export const keyed = (public_read = true): Access => new Access({ public_read, credentials: [KEY] });

export class Visit {
  page!: Page;
  server: RunningServer | undefined;
  /** What the page said on the console, and what it threw. */
  readonly messages: string[] = [];
  #expected: readonly RegExp[] = [];
  #browser: BrowserContext | undefined;
  #profile = "";
  #tests = 0;

  async begin(): Promise<void> {
    this.#profile = await mkdtemp(join(tmpdir(), "foretick-page-"));
    this.#browser = await chromium.launchPersistentContext(this.#profile, {
      executablePath: CHROMIUM,
      viewport: PHONE,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--js-flags=--expose-gc",
        "--enable-precise-memory-info",
      ],
    });
  }

  async end(): Promise<void> {
    await this.#browser?.close();
    await rm(this.#profile, { recursive: true, force: true });
  }

  /** As the tab stands, a PNG in SCREENSHOTS_DIR where that is set: of a test that failed, what it saw last. */
  async keep(suite: string): Promise<void> {
    const folder = process.env.SCREENSHOTS_DIR;
    this.#tests++;
    if (!folder || !this.page || this.page.isClosed()) return;
    const path = join(folder, `${suite.replaceAll(/\W+/g, "-")}-${this.#tests}.png`);
    // A browser that died has no picture, and what it died of is the test's to say.
    await this.page.screenshot({ path, timeout: WAIT_MS }).catch(() => {});
  }

  /** Closes the tab and the server. @returns what the page said on the console that was not declared. */
  async leave(): Promise<string[]> {
    await this.page?.close();
    await this.server?.close();
    this.server = undefined;
    const said = this.messages.splice(0).filter((text) => !this.#expected.some((one) => one.test(text)));
    this.#expected = [];
    return said;
  }

  /** What a browser itself says of a refused request or a lost connection, which no page can keep it from. */
  expects(...expected: readonly RegExp[]): void {
    this.#expected = expected;
  }

  async serve(ports: ServePorts, { port = 0, access }: { port?: number; access?: Access } = {}) {
    const options = { ports, port, hostname: "127.0.0.1", log: silentLogger };
    this.server = await startServer({ ...options, ...(access && { access }) });
    return this.server;
  }

  async open(url: string, key?: string): Promise<void> {
    this.page = await this.#browser!.newPage();
    this.page.on("pageerror", (error) => this.messages.push(`thrown: ${error.message}`));
    this.page.on("console", (message) =>
      this.messages.push(`${message.type()}: ${message.text()} (${message.location().url})`),
    );
    if (key) await this.page.addInitScript(`sessionStorage.setItem("foretick-key", ${JSON.stringify(key)})`);
    await this.page.goto(url);
  }

  async text(selector: string): Promise<string> {
    return (await this.page.textContent(selector)) ?? "";
  }

  becomes(selector: string, wanted: string): Promise<void> {
    return this.page.locator(selector).filter({ hasText: wanted }).first().waitFor({ timeout: WAIT_MS });
  }

  /** What a reader with a screen reader, a keyboard or weak sight would stumble over, in light and dark, by axe-core. */
  async stumbles(): Promise<string[]> {
    await this.page.evaluate(AXE);
    const found: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await this.page.emulateMedia({ colorScheme });
      // The second look is at its colours alone: nothing else differs.
      const only = colorScheme === "dark" ? "runOnly: ['color-contrast'], " : "";
      const violations = await this.page.evaluate<{ id: string; nodes: { target: unknown }[] }[]>(
        `axe.run({ ${only}resultTypes: ['violations'] }).then(({ violations }) => violations)`,
      );
      found.push(
        ...violations.map(
          ({ id, nodes }) => `${colorScheme}: ${id}: ${nodes.map(({ target }) => String(target)).join(", ")}`,
        ),
      );
    }
    return found;
  }

  /** How far the page is wider than the screen (px). */
  overhang(): Promise<number> {
    return this.page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  }
}
