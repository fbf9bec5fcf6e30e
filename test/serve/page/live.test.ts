/** The first page: what it says of the market, its forecasts and what came of them, whatever happens to the service. */

import { expect, it } from "vitest";
import { modelVersion } from "../../../src/base/units.ts";
import { inBrowser } from "./browser.ts";
import { FullMarket } from "./full_market.ts";

const START_SEC = 1_732_180_000;

inBrowser("the page in a browser", (visit) => {
  it("shows the price, the forecast in words, and what came of the last ones", async () => {
    const market = new FullMarket();
    for (let sec = START_SEC; sec < START_SEC + 60; sec++) market.tick(sec);
    await visit.open((await visit.serve(market)).url);
    await visit.becomes("#connection", "Live");
    await visit.page.locator("#outcomes tr").first().waitFor();
    const newest = market.recent().at(-1)!;
    const grouped = (price: number) =>
      price.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    expect(await visit.text("#price")).toBe(grouped(newest.current_price));
    expect(await visit.text("#predicted")).toBe(grouped(newest.predicted_price));
    expect(await visit.text("#words")).toMatch(/^(Up|Down) \d+\.\d\d bp, [+−]\d+\.\d\d, by \d\d:\d\d:\d\d$/);
    expect(await visit.text("#feeds")).toContain("Best bid and ask0.0 s");
    expect(await visit.text("#score")).toContain("a coin would show anything");
    expect(await visit.text("#maker")).toBe(
      "Made by the champion ridge-v1, of the mid price ten seconds ahead.",
    );
    expect(await visit.text("#model")).toContain("Rolechampion, the model served");
    await visit.becomes("#quality", "R² against no move, the last day: ");
    // Of a minute and a half that memory holds as a whole.
    expect(await visit.text("#quality-rests")).toMatch(
      /^It rests on about 3 independent outcomes\. That is too few/,
    );
    expect(await visit.page.locator("#outcomes tr").count()).toBe(10);
    expect(await visit.page.locator("#chart circle").count()).toBeGreaterThanOrEqual(4);
    expect(await visit.page.locator("#chart .cone").count()).toBe(1);
    expect(await visit.text("#worth")).toMatch(
      /^9 of 10 times between 6[\d,.]+ and 6[\d,.]+; up with 52 % if it moves$/,
    );

    await visit.becomes("#contributions-panel", "−0.15 bp");
    // By how far each moved it, either way.
    expect(await visit.page.locator("#contributions-panel tbody tr td:first-child").allInnerTexts()).toEqual([
      "log_return_10s",
      "trade_count_10s",
      "spread_bps",
      "imbalance_top5",
    ]);
    await visit.becomes("#latency-panel", "Half of 60 forecasts took up to 0.4 ms");
    expect(await visit.text("footer")).toContain("Forecasts are no advice to trade.");

    const settled = START_SEC + 50;
    market.tick(settled + 10);
    const came = market.recent().find((row) => row.ts_sec === settled)!.realized_log_return!;
    const bp = `${came < 0 ? "−" : "+"}${Math.abs(came * 1e4).toFixed(2)} bp`;
    await visit.becomes("#outcomes tr:first-child td:nth-child(3)", bp);
    expect(await visit.overhang()).toBe(0);
  });

  it("fills the chart's width from the first forecasts on, and draws longer ranges with zoom and numbers", async () => {
    const market = new FullMarket();
    for (let sec = START_SEC; sec < START_SEC + 20; sec++) market.tick(sec);
    await visit.open((await visit.serve(market)).url);
    await visit.page.locator("#chart .price").waitFor();
    const begun = () =>
      visit.page.evaluate<number>(
        "Number(/^M([\\d.]+)/.exec(document.querySelector('#chart .price').getAttribute('d'))[1])",
      );
    expect(await begun()).toBeLessThan(1);
    expect(await visit.page.locator("#chart .band").count()).toBe(1);
    for (let sec = START_SEC + 20; sec < START_SEC + 1_000; sec++) market.tick(sec);
    await visit.page.getByText("15 m", { exact: true }).click();
    await visit.becomes("#long-state", "One forecast in 2 seconds.");
    expect(await visit.stumbles()).toEqual([]);
    expect(await visit.page.locator("#long-chart canvas").count()).toBe(2);
    const reading =
      /^\d\d:\d\d:\d\d · price 6[\d,.]+ · forecast [+−\d.]+ bp · came (–|[+−\d.]+ bp) · then between /;
    expect(await visit.text("#long-reading")).toMatch(reading);
    await visit.page.locator("#long-chart").press("Home");
    await visit.becomes("#long-reading", "price");
    expect(await visit.text("#long-reading")).toMatch(reading);
    await visit.page.locator("#long-chart").press("+");
    await visit.becomes("#long-state", "Every forecast.");
    await visit.page.locator("#whole").click();
    await visit.becomes("#long-state", "One forecast in 2 seconds.");
    await visit.page.getByText("5 m", { exact: true }).click();
    await visit.page.locator("#chart .price").waitFor();
  });

  it("says why there is no forecast, and shows the price all the same", async () => {
    const market = new FullMarket();
    market.reason = "Look-back fills: 4 min 10 s to go.";
    await visit.open((await visit.serve(market)).url);
    await visit.becomes("#notice", "Look-back fills: 4 min 10 s to go.");
    expect(await visit.text("#price")).toBe("61,837.60");
    expect(await visit.text("#words")).toBe("no forecast yet");
    expect(await visit.page.locator("#outcomes-table").isVisible()).toBe(false);
  });

  it("shows another model where its address asks for one, and nothing of the champion's", async () => {
    const market = new FullMarket();
    const long = { model_version: modelVersion("minute-v1/7"), role: "challenger", horizon_s: 60 } as const;
    for (let sec = START_SEC; sec < START_SEC + 100; sec++) {
      market.tick(sec);
      if (sec % 10 === 0) market.predict(sec, long);
    }
    await visit.open(`${(await visit.serve(market)).url}/?role=challenger`);
    await visit.becomes("#maker", "Made by the challenger minute-v1, of the mid price one minute ahead.");
    expect(await visit.text("#horizon")).toBe("one minute");
    await visit.becomes("#model", "one minute");
    // The champion's next forecasts change nothing; the challenger's next one does.
    for (let sec = START_SEC + 100; sec < START_SEC + 104; sec++) market.tick(sec);
    market.predict(START_SEC + 104, long);
    const shown = market.recent("BTCUSDT", { role: "challenger" }).at(-1)!;
    const by = await visit.page.evaluate(
      `new Date(${(shown.ts_sec + 60) * 1000}).toTimeString().slice(0, 8)`,
    );
    await visit.becomes("#words", `by ${by}`);
    expect(await visit.page.locator("#outcomes tr").count()).toBe(5);
  });

  it("does not let the last forecast pass for a current one when forecasts have stopped", async () => {
    const market = new FullMarket();
    for (let sec = START_SEC; sec < START_SEC + 12; sec++) market.tick(sec);
    await visit.open((await visit.serve(market)).url);
    await visit.becomes("#words", "by ");
    market.reason = "The feed has been silent for 6 s.";
    await visit.becomes("#words", "stopped; the last was made at ");
    market.reason = null;
    market.tick(START_SEC + 12);
    await visit.becomes("#words", "by ");
  });

  it("survives a restart of the service: says it is cut off, comes back, and fills what it missed", async () => {
    // The service that begins anew has no whole minute to judge, which a page that has one cannot know.
    visit.expects(/WebSocket connection to .* failed/, /status of 503 .*\/quality/);
    const before = new FullMarket();
    for (let sec = START_SEC; sec < START_SEC + 12; sec++) before.tick(sec);
    const { port, url } = await visit.serve(before);
    await visit.open(url);
    await visit.becomes("#connection", "Live");
    await visit.server?.close();
    await visit.becomes("#connection", "Cut off, reconnecting");

    const after = new FullMarket({ seed: 8 });
    for (let sec = START_SEC + 60; sec < START_SEC + 80; sec++) after.tick(sec);
    await visit.serve(after, { port });
    await visit.becomes("#connection", "Live");
    const missed = after.recent().find((row) => row.ts_sec === START_SEC + 69)!;
    const at = await visit.page.evaluate(`new Date(${missed.ts_sec * 1000}).toTimeString().slice(0, 8)`);
    await visit.becomes("#outcomes tr:first-child td:first-child", String(at));
  });

  it("holds no more memory and no more elements after many ticks than after some", async () => {
    const market = new FullMarket();
    let sec = START_SEC;
    const tick = async (ticks: number): Promise<void> => {
      for (const until = sec + ticks; sec < until; sec++) market.tick(sec);
      const at = await visit.page.evaluate(`new Date(${(sec + 9) * 1000}).toTimeString().slice(0, 8)`);
      await visit.becomes("#words", `by ${at}`);
    };
    const look = () =>
      visit.page.evaluate<[number, number]>(
        "gc(), [performance.memory.usedJSHeapSize, document.querySelectorAll('*').length]",
      );
    market.tick(sec++);
    await visit.open((await visit.serve(market)).url);
    await visit.becomes("#connection", "Live");
    // Beyond what the page holds of the past.
    await tick(700);
    const [bytes, elements] = await look();
    for (let round = 0; round < 5; round++) await tick(700);
    const [bytes_after, elements_after] = await look();
    // Keeping each of the 3,500 forecasts takes 3 MB.
    expect(bytes_after - bytes).toBeLessThan(800_000);
    // A panel may have come meanwhile; an element a forecast would be 3,500.
    expect(elements_after - elements).toBeLessThan(500);
  });
});
