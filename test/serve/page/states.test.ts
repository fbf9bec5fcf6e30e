/** Every page that is not the live one, in each state it can be in: empty, loading, stale and cut off, not allowed. */

import { expect, it } from "vitest";
import { DAY_US } from "../../../src/base/units.ts";
import type { StoredDay } from "../../../src/record/bars/stored_days.ts";
import { inBrowser } from "./browser.ts";
import { FullMarket, fullOperator } from "./full_market.ts";
import { keyed } from "./visit.ts";

const START_SEC = 1_732_180_000;
const PAGES = ["models", "training", "experiments", "data", "operations"] as const;

inBrowser("each page in each state", (visit) => {
  const go = (name: string): Promise<unknown> => visit.page.evaluate(`location.hash = "#${name}"`);

  async function market(): Promise<FullMarket> {
    const made = new FullMarket();
    made.tick(START_SEC);
    return made;
  }

  it("says what is empty, and where what is missing comes from", async () => {
    const empty = await market();
    const none = async () => [];
    empty.operator = fullOperator({ models: none, drift: () => [] });
    empty.dependencies = [];
    empty.stored = async ({ before_us, days }) =>
      Array.from({ length: days }, (_, i) => ({
        ...{ day_us: before_us - (i + 1) * DAY_US, hours: [], breaks: 0, breaks_open: 0 },
        ...{ raw_dropped: false, from_archive: false },
      }));
    await visit.open(`${(await visit.serve(empty, { access: keyed() })).url}/#models`, "reader");
    const SAYS = {
      models: "Nothing is registered yet",
      training: "Nothing was trained yet.",
      experiments: "None runs and none has ended.",
      data: "Nothing is stored of the last",
      operations: "None is open and none was lately.",
    };
    for (const name of PAGES) {
      await go(name);
      await visit.becomes("#page", SAYS[name]);
      expect(await visit.overhang()).toBe(0);
    }
  });

  it("says that it loads until there is an answer", async () => {
    const slow = await market();
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = async () => {
      await promise;
      return [];
    };
    slow.operator = fullOperator({ models: late, trainings: late, experiments: late });
    slow.stored = late as () => Promise<StoredDay[]>;
    await visit.open(`${(await visit.serve(slow, { access: keyed() })).url}/#models`, "reader");
    for (const name of ["models", "training", "experiments", "data"] as const) {
      await go(name);
      await visit.becomes("#page", "Loading …");
      expect(await visit.page.locator("#page .card").count()).toBe(0);
    }
    resolve();
    await visit.becomes("#page", "By day");
  });

  it("keeps what it showed while the service is away, says as of when, and goes on by itself", async () => {
    visit.expects(/WebSocket connection/, /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/);
    for (const name of ["models", "operations"] as const) {
      const before = await market();
      const { port, url } = await visit.serve(before, { access: keyed() });
      await visit.open(`${url}/#${name}`, "reader");
      const shown = name === "models" ? "2 registered" : "All is well.";
      await visit.becomes("#page", shown);
      await visit.server?.close();
      await visit.becomes("#page .stale", "The service does not answer.");
      expect(await visit.text("#page .stale")).toMatch(/^As of \d\d:\d\d:\d\d\. /);
      expect(await visit.text("#page")).toContain(shown);
      await visit.serve(await market(), { port, access: keyed() });
      await visit.page.locator("#page .stale").waitFor({ state: "detached" });
      expect(await visit.text("#page")).toContain(shown);
      await visit.page.close();
      await visit.server?.close();
    }
  });

  it("asks for a key where it is not allowed, and where it was taken away", async () => {
    visit.expects(/status of 401/, /WebSocket connection/, /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET/);
    const { port, url } = await visit.serve(await market(), { access: keyed() });
    await visit.open(`${url}/#models`);
    for (const name of ["models", "training", "experiments"] as const) {
      await go(name);
      await visit.becomes("#page", "Not allowed without a key");
    }
    expect(await visit.stumbles()).toEqual([]);
    for (const name of ["data", "operations"] as const) {
      await go(name);
      await visit.page.locator("#page .card").first().waitFor();
      expect(await visit.text("#page")).not.toContain("Not allowed");
    }
    // The service begins again and answers nobody unknown.
    await visit.server?.close();
    await visit.serve(await market(), { port, access: keyed(false) });
    await visit.becomes("#entry", "Not allowed without a key");
    expect(await visit.page.locator("#page").isVisible()).toBe(false);
    await visit.page.locator("#entry #key").fill("reader");
    await visit.page.locator("#entry").getByRole("button", { name: "Use it in this tab" }).click();
    await visit.becomes("#page", "All is well.");
  });

  it("is read in order by the keyboard: pages, then what the page has, each with a name", async () => {
    await visit.open(`${(await visit.serve(await market(), { access: keyed() })).url}/#models`, "right");
    await visit.becomes("#page", "2 registered");
    const order: string[] = [];
    for (let i = 0; i < 12; i++) {
      await visit.page.keyboard.press("Tab");
      order.push(
        await visit.page.evaluate<string>(
          "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).slice(0, 24)",
        ),
      );
    }
    expect(order).toEqual([
      ...["Live", "Models", "Training", "Experiments", "Data", "Operations"],
      ...[
        "Forget the key",
        "Table: Registered models",
        "Details of ridge-v1/2026",
        "Details of mlp-v1/2026-1",
      ],
      ...["Roll back the last promo", "One"],
    ]);
    await visit.page.getByRole("link", { name: "Data" }).press("Enter");
    await visit.becomes("#page", "By day");
    expect(await visit.page.evaluate("document.activeElement.id")).toBe("page");
    expect(await visit.text("footer")).toContain("Forecasts are no advice to trade.");
  });
});
