/** The page of a service that answers nobody unknown: its shell loads, asks for a key, and shows everything with one. */

import { expect, it } from "vitest";
import { Access } from "../../../src/serve/access/access.ts";
import { inBrowser } from "./browser.ts";
import { FullMarket } from "./full_market.ts";
import { keyed } from "./visit.ts";

const START_SEC = 1_732_180_000;

/** With all that the page asks for: what it is not given it says on the console, soon or late. */
function market(): FullMarket {
  const made = new FullMarket();
  for (let sec = START_SEC; sec < START_SEC + 12; sec++) made.tick(sec);
  return made;
}

inBrowser("the page where nothing is public", (visit) => {
  const use = async (key: string): Promise<void> => {
    await visit.page.locator("#entry #key").fill(key);
    await visit.page.getByRole("button", { name: "Use it in this tab" }).click();
  };

  it("loads without a key, asks for one, keeps it in this tab, and shows everything with it", async () => {
    visit.expects(/status of 401/);
    const { url } = await visit.serve(market(), { access: keyed(false) });
    for (const path of ["/latest", "/alerts", "/health", "/metrics", "/predictions"])
      expect([path, (await fetch(url + path)).status]).toEqual([path, 401]);
    await visit.open(url);
    await visit.becomes("#connection", "Not allowed");
    await visit.becomes("#entry", "does not answer anonymous readers");
    expect(await visit.page.locator("#live").isVisible()).toBe(false);
    expect(await visit.text("#price")).toBe("–");
    expect(await visit.stumbles()).toEqual([]);
    expect(await visit.overhang()).toBe(0);
    await use("wrong");
    await visit.becomes("#entry", "there is no such key");
    await use("reader");
    await visit.becomes("#connection", "Live");
    await visit.becomes("#words", "by ");
    expect(await visit.page.locator("#entry").isVisible()).toBe(false);
    await visit.page.locator("#outcomes tr").first().waitFor();
    expect(
      await visit.page.evaluate(
        "[localStorage.length, sessionStorage.getItem('foretick-key'), document.cookie]",
      ),
    ).toEqual([0, "reader", ""]);
    await visit.page.reload();
    await visit.becomes("#connection", "Live");
    expect(visit.messages.filter((text) => text.includes("reader"))).toEqual([]);
  });

  it("asks again where the key is taken no longer, and forgets it where it is told to", async () => {
    visit.expects(/status of 401/, /WebSocket|ERR_CONNECTION/);
    const { url, port } = await visit.serve(market(), { access: keyed(false) });
    await visit.open(`${url}/#live`);
    await visit.becomes("#connection", "Not allowed");
    await use("reader");
    await visit.becomes("#connection", "Live");
    await visit.server?.close();
    await visit.becomes("#connection", "Cut off, reconnecting");
    // With other keys than before.
    const nobody = { fits: () => true, any: async () => true, identify: async () => "it was revoked" };
    await visit.serve(market(), { port, access: new Access({ public_read: false, credentials: [nobody] }) });
    await visit.becomes("#connection", "Not allowed");
    await visit.becomes("#entry", "it was revoked");
    await visit.page.getByRole("button", { name: "Forget the key" }).click();
    await visit.becomes("#entry", "does not answer anonymous readers");
    expect(await visit.page.evaluate("sessionStorage.length")).toBe(0);
  });

  it("says nothing of keys where reading is public", async () => {
    await visit.open((await visit.serve(market(), { access: keyed() })).url);
    await visit.becomes("#connection", "Live");
    expect(await visit.page.locator("#entry").isVisible()).toBe(false);
  });
});
