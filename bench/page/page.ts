/**
 * `bun bench/page/page.ts [--minutes 10]`: the page in Chromium, measured: from a tick to what is seen of it, drawing a day of
 * points, and memory and elements over minutes of ticks, a garbage collection before each look.
 */

import { parseArgs } from "node:util";
import { FullMarket } from "../../test/serve/page/full_market.ts";
import { Visit } from "../../test/serve/page/visit.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
const minutes = Number(values.minutes);
const pause = (ms: number) => Bun.sleep(ms);
const at = (sorted: readonly number[], share: number): string =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(0);

const market = new FullMarket();
let sec = Math.floor(Date.now() / 1_000) - 400;
for (let i = 0; i < 400; i++) market.tick(sec++);
const visit = new Visit();
await visit.begin();
const { url } = await visit.serve(market);
await visit.open(url);
const { page } = visit;
await visit.becomes("#connection", "Live");

// From a tick to the words that say it, by the one clock of this machine.
await page.evaluate(`
  globalThis.seen = [];
  new MutationObserver(() => seen.push(performance.timeOrigin + performance.now()))
    .observe(document.getElementById("predicted"), { childList: true, characterData: true, subtree: true });`);
const delays: number[] = [];
for (let i = 0; i < 60; i++) {
  await page.evaluate("seen.length = 0");
  const ticked = performance.timeOrigin + performance.now();
  market.tick(sec++);
  while ((await page.evaluate<number>("seen.length")) === 0) await pause(5);
  delays.push((await page.evaluate<number>("seen[0]")) - ticked);
  await pause(200);
}
delays.sort((one, other) => one - other);
console.log(
  `from a tick to its forecast on the page: median ${at(delays, 0.5)} ms, most ${at(delays, 1)} ms of ${delays.length}`,
);

// A day of points: as the page asks for it, and every second of it.
for (const every_s of [180, 1]) {
  const took = await page.evaluate<number[]>(`(async () => {
    const { LongChart, loadUPlot } = await import("/page/live/long_chart.ts");
    const { longSeries } = await import("/page/live/long_series.ts");
    await loadUPlot();
    const place = document.createElement("div");
    place.style.cssText = "width:1200px;height:400px";
    document.body.append(place);
    const reading = document.createElement("p");
    const rows = Array.from({ length: 86_400 / ${every_s} }, (_, i) => {
      const price = 60_000 + 300 * Math.sin(i / 4_000) + 20 * Math.sin(i / 37);
      return {
        ts_sec: 1.7e9 + i * ${every_s}, horizon_s: 10, current_price: price, lower_price: price - 12,
        upper_price: price + 12, yhat_log_return: 1e-5 * Math.sin(i), realized_log_return: 4e-5 * Math.sin(i / 3),
      };
    });
    const took = [];
    for (let round = 0; round < 9; round++) {
      const began = performance.now();
      const chart = new LongChart({ place, reading, onZoom() {}, onWhole() {} }, longSeries(rows, ${every_s}));
      place.querySelector("canvas").getContext("2d").getImageData(0, 0, 1, 1);
      took.push(performance.now() - began);
      chart.destroy();
    }
    place.remove();
    return took.sort((one, other) => one - other);
  })()`);
  console.log(
    `a day of ${86_400 / every_s} points drawn: median ${at(took, 0.5)} ms, most ${at(took, 1)} ms of ${took.length}`,
  );
}

const look = () =>
  page.evaluate<[number, number]>(
    "gc(), [performance.memory.usedJSHeapSize / 2 ** 20, document.querySelectorAll('*').length]",
  );
for (let minute = 0; minute <= minutes; minute++) {
  const [heap_mb, elements] = await look();
  console.log(`after ${minute} min: ${heap_mb.toFixed(2)} MB, ${elements} elements`);
  for (let i = 0; minute < minutes && i < 60; i++) {
    market.tick(sec++);
    await pause(1_000);
  }
}
const said = await visit.leave();
console.log(said.length === 0 ? "nothing on the console" : said.join("\n"));
await visit.end();
