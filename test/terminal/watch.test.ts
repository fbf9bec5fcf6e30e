/** The screen and the lines of `watch`, of the messages a running server sends. */

import { afterEach, describe, expect, it } from "vitest";
import { screenLines } from "../../scripts/watch/render.ts";
import { type Output, watch } from "../../scripts/watch/run.ts";
import { View } from "../../scripts/watch/view.ts";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { StreamMessage } from "../../src/serve/messages/stream.ts";
import { forecastWords, priceText, timeText, worthWords } from "../../src/serve/page/words.ts";
import { startServer } from "../../src/serve/server.ts";
import { met } from "../met.ts";
import { FakeMarket } from "../serve/fake_market.ts";

const START_SEC = 1_732_180_000;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function served(market: FakeMarket, port = 0) {
  const server = await startServer({ ...{ ports: market, port, hostname: "127.0.0.1", log: silentLogger } });
  closing.push(() => server.close());
  return server;
}

/** A terminal, or a pipe, that keeps what is written. */
class Kept implements Output {
  text = "";
  readonly isTTY: boolean;
  columns = 100;
  rows = 30;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
  /** The screen as last drawn, without its colours. */
  get drawn(): string[] {
    const last = this.text.split("\x1b[H").at(-1)!;
    return Bun.stripANSI(last).split("\r\n");
  }
}

/** A view of what a real server sent of `seconds` of market. */
async function viewOf(seconds: number): Promise<View> {
  const market = new FakeMarket();
  const { url } = await served(market);
  const view = new View("http://host:8080", undefined);
  const socket = new WebSocket(`${url.replace("http", "ws")}/stream?kinds=prediction,outcome,market`);
  closing.push(() => socket.close());
  let heard = 0;
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as StreamMessage;
    view.take(message, 1_000);
    if (message.type === "prediction") heard++;
  };
  await met("a view of the market", () => view.market !== undefined);
  for (let at = 0; at < seconds; at++) market.tick(START_SEC + at);
  await met("every forecast", () => heard === seconds);
  const health = await (await fetch(`${url}/health`)).json();
  view.health = health as View["health"];
  return view;
}

const WIDE = { columns: 100, rows: 40, coloured: false };

describe("the screen of watch", () => {
  it("shows price, forecast, interval, outcomes and health of what the service sent", async () => {
    const view = await viewOf(20);
    const newest = view.history.newest!;
    const lines = screenLines(view, 1_200, WIDE);
    const text = lines.join("\n");
    expect(lines[0]).toBe(
      "foretick    BTCUSDT at http://host:8080: live, the newest forecast came 0.2 s ago",
    );
    expect(lines[1]).toContain(`bid ${priceText(view.market!.bid_price)}  ask`);
    expect(text).toContain(`forecast    ${forecastWords(newest)}\n            ${worthWords(newest)}\n`);
    expect(text).toContain(`up ${"█".repeat(10)}${"░".repeat(10)} 52 %   confidence 52 %`);
    expect(text).toMatch(/Direction right in \d+ of \d+ \(\d+ %\)/);
    expect(text).toMatch(
      new RegExp(`\\n {12}${timeText(START_SEC + 9)} {2}forecast [+−]?[\\d.]+ bp, came [+−]?[\\d.]+ bp: `),
    );
    expect(text).toMatch(/\nhealth {6}ok, version \d/);
    expect(text).toContain("quality     nothing yet");
  });

  it("says what is not well, that it is away, and how old what it shows is", async () => {
    const view = await viewOf(1);
    view.health = {
      ...{ status: "degraded", version: "1" },
      dependencies: [
        { name: "database", state: "degraded", reason: "it is slow" },
        { name: "book ETHUSDT", symbol: "ETHUSDT", state: "down", reason: "not ours" },
        { name: "feed", state: "ok", reason: null },
      ],
    };
    const text = screenLines(view, 61_000, WIDE).join("\n");
    expect(text).toContain("live, the newest forecast came 1 min 0 s ago");
    expect(text).toContain("health      degraded\n            database degraded: it is slow");
    expect(text).not.toContain("not ours");
    view.link = { state: "away", why: "the connection is lost" };
    expect(screenLines(view, 61_000, WIDE)[0]).toContain("the connection is lost; trying again");
    const [red] = screenLines(view, 1_200, { ...WIDE, coloured: true });
    expect([red!.startsWith("\x1b[31mforetick"), red!.endsWith("\x1b[0m")]).toEqual([true, true]);
  });

  it("fits any terminal: no line is wider, no line more than there are", async () => {
    const view = await viewOf(20);
    for (const columns of [12, 30, 59, 60, 80, 200]) {
      for (const rows of [2, 10, 40]) {
        const lines = screenLines(view, 1_200, { columns, rows, coloured: false });
        expect(lines.length).toBeLessThan(rows);
        expect(lines.filter((line) => line.length > columns)).toEqual([]);
      }
    }
    const narrow = screenLines(view, 1_200, { columns: 40, rows: 60, coloured: false });
    expect(narrow.slice(0, 3)).toEqual([
      "foretick",
      "  BTCUSDT at http://host:8080: live, the",
      "  newest forecast came 0.2 s ago",
    ]);
  });

  it("shows something before anything has come", () => {
    const text = screenLines(new View("http://host", "BTCUSDT"), 0, WIDE).join("\n");
    expect(text).toBe(
      [
        "foretick    BTCUSDT at http://host: connecting",
        "price       nothing yet",
        "forecast    nothing yet",
        "outcomes    Outcomes come ten seconds after each forecast.",
        "quality     nothing yet",
        "health      not known",
      ].join("\n"),
    );
  });
});

describe("watch", () => {
  it("draws on a terminal, connects again after the service has gone, and leaves the terminal as it was", async () => {
    const market = new FakeMarket();
    const first = await served(market);
    const output = new Kept(true);
    const watching = watch({ url: first.url, symbol: undefined, output });
    closing.push(() => watching.close());
    await met("live", () => output.drawn[0]!.includes("live"));
    market.tick(START_SEC);
    await met("the forecast", () => output.drawn.join("\n").includes("Made by the champion ridge-v1"));
    await met("health", () => output.drawn.join("\n").includes("ok, version"));
    await first.close();
    await met("away", () => output.drawn[0]!.includes("trying again"));
    await served(new FakeMarket(), first.port);
    await met("live again", () => output.drawn[0]!.includes("live"));
    watching.close();
    watching.close();
    expect(output.text.startsWith("\x1b[?1049h\x1b[?25l")).toBe(true);
    expect(output.text.endsWith("\x1b[?25h\x1b[?1049l")).toBe(true);
    expect(output.text.split("\x1b[?1049l")).toHaveLength(2);
  });

  it("writes plain lines to a pipe, and why a symbol is refused", async () => {
    const market = new FakeMarket();
    const { url } = await served(market);
    const [lines, refused] = [new Kept(false), new Kept(false)];
    const watching = [
      watch({ url, symbol: "BTCUSDT", output: lines, clock: systemClock }),
      watch({ url, symbol: "NOSUCH", output: refused }),
    ];
    for (const one of watching) closing.push(() => one.close());
    await met("connected", () => lines.text.includes("connected to"));
    const prediction = market.tick(START_SEC);
    await met("a line", () => lines.text.split("\n").length > 2);
    expect(lines.text).not.toContain("\x1b");
    const line = lines.text.split("\n")[1]!;
    expect(line).toContain(`${timeText(START_SEC)} BTCUSDT ${priceText(prediction.current_price)}; `);
    expect(line).toMatch(/251 ms after the second$/);
    await met("the refusal", () => refused.text.includes("NOSUCH"));
    expect(refused.text).toMatch(/trying again\n/);
  });
});
