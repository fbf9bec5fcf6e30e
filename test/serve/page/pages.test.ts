/** The other pages, each in each of its states: empty, loading, stale, cut off, not allowed, full; and changes asked twice. */

import { expect, it } from "vitest";
import { fail } from "../../../src/base/errors.ts";
import { inBrowser } from "./browser.ts";
import { busyOperator, JOBS, logOf } from "./busy.ts";
import { EXPERIMENT, FullMarket, fullOperator, NEXT, RIDGE } from "./full_market.ts";
import { REPORT } from "./report_sample.ts";
import { keyed } from "./visit.ts";

const START_SEC = 1_732_180_000;

inBrowser("the other pages", (visit) => {
  it("has pages: operations in words for anyone, models for who has a key, and asks before it promotes", async () => {
    visit.expects(/status of 401/, /status of 503 .*\/health/);
    const promoted: unknown[] = [];
    const promote = async (asked: { version: string; symbol: string }) => {
      promoted.push(asked);
      const place = { symbol: asked.symbol, alias: "champion" };
      return { place, version: asked.version, version_before: RIDGE, moved: true };
    };
    const market = new FullMarket();
    market.operator = fullOperator({ promote });
    market.dependencies[0] = { name: "database", state: "down", reason: "it does not answer", facts: {} };
    market.tick(START_SEC);
    await visit.open(`${(await visit.serve(market, { access: keyed() })).url}/#operations`);
    await visit.becomes("#page", "It does not serve");
    await visit.becomes("#page .part", "What to do: Rows wait in the journal");
    expect(await visit.stumbles()).toEqual([]);

    await visit.page.getByRole("link", { name: "Models" }).click();
    await visit.page.locator("#key").fill("wrong");
    await visit.page.getByRole("button", { name: "Use it in this tab" }).click();
    await visit.becomes("#page", "there is no such key");
    await visit.page.locator("#key").fill("right");
    await visit.page.getByRole("button", { name: "Use it in this tab" }).click();
    await visit.page.getByRole("button", { name: "Details of mlp-v1/2026-11-24t10-00-00z" }).click();
    await visit.page.getByRole("button", { name: "Promote mlp-v1/2026-11-24t10-00-00z" }).click();
    await visit.becomes("dialog", "within seconds every forecast served there comes from it");
    expect(await visit.stumbles()).toEqual([]);
    expect(promoted).toEqual([]);
    await visit.page.locator("#reason").fill("better in its test");
    await visit.page.getByRole("button", { name: "Promote", exact: true }).click();
    await visit.becomes("dialog", "Done. mlp-v1/2026-11-24t10-00-00z is the champion of every symbol now");
    expect(promoted).toMatchObject([
      { version: NEXT, symbol: "*", reason: "better in its test", actor: "anna" },
    ]);
    expect(
      await visit.page.evaluate(
        "[localStorage.length, sessionStorage.getItem('foretick-key'), document.cookie]",
      ),
    ).toEqual([0, "right", ""]);
  });

  it("ranks the features of the champion by drift, beside the threshold", async () => {
    const market = new FullMarket();
    market.tick(START_SEC);
    await visit.open(`${(await visit.serve(market, { access: keyed() })).url}/#models`, "reader");
    await visit.becomes("#page", "Drift of the champion by feature");
    const rows = visit.page.getByRole("region", { name: "Table: Drift by feature" }).locator("tbody tr");
    expect(await rows.allInnerTexts()).toEqual([
      expect.stringMatching(/^1\s+imbalance_top5\s+0\.320\s+0\.200\s+beyond$/),
      expect.stringMatching(/^2\s+log_return_10s\s+0\.110\s+0\.200\s+within$/),
      expect.stringMatching(/^3\s+spread_bps\s+0\.0200\s+0\.200\s+within$/),
    ]);
    await visit.becomes("#page", "train anew soon");
    expect(await visit.stumbles()).toEqual([]);
    expect(await visit.overhang()).toBe(0);
  });

  it("shows what is stored by day, an hour that is half there as half there, and older days where asked for", async () => {
    const market = new FullMarket();
    market.tick(START_SEC);
    const asked: string[] = [];
    const { stored } = market;
    market.stored = (query) => {
      asked.push(`${query.days}`);
      return stored(query);
    };
    await visit.open(`${(await visit.serve(market)).url}/#data`);
    await visit.becomes("#stored-days", "216,000");
    const shades = (row: number) =>
      visit.page
        .locator(".heat tbody tr")
        .nth(row)
        .locator("td")
        .evaluateAll((cells) => cells.map((cell) => cell.getAttribute("data-shade")).join(""));
    expect(await shades(1)).toBe("4".repeat(24));
    expect(await shades(2)).toBe(`${"0".repeat(13)}2${"0".repeat(10)}`);
    await visit.page.locator("#measure-trade_seconds").check();
    expect(await shades(1)).toBe("3".repeat(24));
    expect(await visit.text("#stored-days")).toContain("1, 1 open");
    expect(await visit.text("#stored-days")).toContain("a whole day of the archive");
    expect(await visit.page.locator("#stored-days tbody tr").count()).toBe(14);
    await visit.page.locator("#older-days").click();
    await visit.page.locator("#stored-days tbody tr").nth(20).waitFor();
    expect(asked).toEqual(["7", "7", "7"]);
    expect(await visit.stumbles()).toEqual([]);
    expect(await visit.overhang()).toBe(0);
  });

  it("says of the data that nothing is stored, that a database is away, and who may read", async () => {
    visit.expects(/status of 503 .*\/data\/days/, /status of 401/);
    const market = new FullMarket();
    market.tick(START_SEC);
    market.stored = async () => Promise.reject(new Error("down"));
    const { url } = await visit.serve(market);
    await visit.open(`${url}/#data`);
    await visit.becomes("#page", "The days are in the database, which gives no answer now");
    market.stored = async ({ before_us, days }) =>
      Array.from({ length: days }, (_, i) => ({
        ...{ day_us: before_us - (i + 1) * 86_400e6, hours: [], breaks: 0, breaks_open: 0 },
        ...{ raw_dropped: false, from_archive: false },
      }));
    await visit.becomes("#page", "Nothing is stored of the last");
    market.stored = async () => Promise.reject(new Error("down"));
  });

  it("draws an experiment as it tightens, says how long it takes at this rate, and asks before it ends it", async () => {
    const ended: unknown[] = [];
    const market = new FullMarket();
    market.operator = fullOperator({
      experiments: async () => [EXPERIMENT],
      endExperiment: async (asked: object) => {
        ended.push(asked);
        return { ...EXPERIMENT, ended_us: 1.7322e15, winner: "inconclusive" };
      },
    });
    market.tick(START_SEC);
    await visit.open(`${(await visit.serve(market, { access: keyed() })).url}/#experiments`, "right");
    await visit.becomes("#evidence", "about 2 d 4 h more at this rate");
    expect(await visit.text("#evidence")).toContain("b errs 2.00 ‰ less than a, between −1.00 ‰ and +5.00 ‰");
    const band = await visit.page.locator(".sequence").getAttribute("d");
    // 38 of the 40 points have a bound: there and back.
    expect(band!.split("L")).toHaveLength(76);
    expect(await visit.stumbles()).toEqual([]);
    expect(await visit.overhang()).toBe(0);
    await visit.page.getByRole("button", { name: "Stop" }).click();
    await visit.becomes("dialog", "It ends without a verdict");
    expect(ended).toEqual([]);
    await visit.page.locator("#reason").fill("the data was bad");
    await visit.page.getByRole("button", { name: "Stop", exact: true }).last().click();
    await visit.becomes("dialog", "Done.");
    expect(ended).toMatchObject([{ experiment_id: "5f3c", how: "stop", reason: "the data was bad" }]);
  });

  it("draws the losses of a training as its epochs come, and asks for one where none runs", async () => {
    const asked: unknown[] = [];
    let epoch = 0;
    const running = {
      ...{ job_id: "7a", symbol: "BTCUSDT", reason: "person", status: "running", step: "fit", share: 0.4 },
      ...{ requested_us: 1.7321e15, started_us: 1.7321e15, ended_us: null, problem: null },
      ...{ versions: [], challenger: null, settings: {}, requested_by: "anna", attempt: 1, worker: "one:1" },
      ...{ cancelled_by: null, data_rows: null },
    };
    const market = new FullMarket();
    market.operator = fullOperator({
      trainings: async () => {
        epoch++;
        const loss = { kind: "mlp", member: 1, epoch, loss: 1 / epoch, validation_loss: 1.2 / epoch };
        return asked.length > 0 ? [{ ...running, losses: [loss] }] : [];
      },
      train: async (given: object) => {
        asked.push(given);
        return { job_id: "7a", is_new: true, sentence: "a training of BTCUSDT is queued" };
      },
    });
    market.tick(START_SEC);
    await visit.open(`${(await visit.serve(market, { access: keyed() })).url}/#training`, "right");
    await visit.page.getByRole("button", { name: "Train …" }).click();
    await visit.page.locator("#reason").fill("new market");
    await visit.page.getByRole("button", { name: "Train", exact: true }).click();
    await visit.becomes("dialog", "a training of BTCUSDT is queued");
    await visit.page.getByRole("button", { name: "Close" }).click();
    await visit.becomes("#page", "Its losses come with its epochs");
    await visit.becomes("#page", "in training (grey)");
    expect(asked).toMatchObject([{ symbol: "BTCUSDT", actor: "anna" }]);
    expect(await visit.page.locator(".validation-line").count()).toBe(1);
    expect(await visit.stumbles()).toEqual([]);
    expect(await visit.overhang()).toBe(0);
  });

  it("shows the queue with why each one ended, and the log of a training as it grows, its end in sight", async () => {
    let known = 60;
    const market = new FullMarket();
    market.operator = fullOperator({
      trainings: async () => JOBS,
      trainingLog: async (job_id: string) => {
        if (job_id !== "1") return { attempt: 1, lines: [], left_out: 0, told_us: 1.7321e15 };
        known++;
        return logOf(known);
      },
    });
    market.tick(START_SEC);
    await visit.open(`${(await visit.serve(market, { access: keyed() })).url}/#training`, "reader");
    await visit.becomes("#page", "1 running, 1 waiting.");
    const rows = visit.page.getByRole("region", { name: "Table: Trainings that were asked for" });
    for (const said of [
      ...[
        "at the step fit, 40 %, by one:7, begun 2 times",
        "next",
        `${RIDGE}, ${NEXT}; ${NEXT} is on trial`,
        "1 min 15 s",
      ],
      ...["at least 1,000 rows expected, 12 are usable", "taken back by rita", "for drift, ridge"],
    ])
      expect(await rows.innerText()).toContain(said);
    await visit.becomes("#training-log", "warn: mlp, member 1 of 2, epoch 4");
    await visit.becomes("#page", "5 before them are no longer kept");
    const out_of_sight = (): Promise<number> =>
      visit.page
        .locator("#training-log")
        .evaluate((box) => box.scrollHeight - box.clientHeight - Math.round(box.scrollTop));
    const before = known;
    await visit.becomes("#training-log", `epoch ${before + 1}`);
    expect(await out_of_sight()).toBeLessThan(3);
    expect(await visit.stumbles()).toEqual([]);
    expect(await visit.overhang()).toBe(0);
    await visit.page.getByRole("button", { name: /^Log of ETHUSDT/ }).click();
    await visit.becomes("#page", "It has not begun.");
  });

  it("shows the report card that a model's bundle holds, drawn, and says where there is none", async () => {
    visit.expects(/status of 404 .*\/report/);
    const market = new FullMarket();
    let asked = 0;
    market.operator = busyOperator({
      report: async (version: string) => {
        asked++;
        return version === NEXT ? REPORT : fail("NOT_FOUND", `${version} has no report card`);
      },
    });
    market.tick(START_SEC);
    await visit.open(`${(await visit.serve(market, { access: keyed() })).url}/#models`, "reader");
    await visit.page.getByRole("button", { name: `Details of ${NEXT}` }).click();
    await visit.becomes("#report-card", "99.9 % interval 0.0009 to 0.0035: better than forecasting no move.");
    const rows = visit.page.getByRole("region", { name: "Table: This model beside every baseline" });
    expect((await rows.locator("tbody tr").allInnerTexts())[0]).toMatch(
      /^mlp\s+\+0\.21 %\s+\+0\.09 to \+0\.35\s+0\.10 %[\s\S]*49\.5 to 50\.9\s+1\.09$/,
    );
    expect(await visit.page.locator("#report-card figure svg").count()).toBe(3);
    expect(await visit.page.locator("#report-card .dot").count()).toBe(REPORT.calibration.length);
    expect(await visit.text("#report-card")).toContain("held 89.8 % of the test");
    expect(await visit.stumbles()).toEqual([]);
    expect(await visit.overhang()).toBe(0);
    // It never changes: drawn anew, it is not asked for again.
    await visit.page.locator("#compare-0").selectOption(NEXT);
    await visit.becomes("#report-card", "better than forecasting no move");
    expect(asked).toBe(1);
    await visit.page.getByRole("button", { name: `Details of ${RIDGE}` }).click();
    await visit.becomes("#page", `${RIDGE} has no report card`);
  });

  it("shows two models side by side, asked for once, and the configuration without its secrets", async () => {
    const market = new FullMarket();
    const asked: string[] = [];
    const { model } = market.operator as { model(version: string): Promise<unknown> };
    market.operator = fullOperator({
      model: (version: string) => {
        asked.push(version);
        return model(version);
      },
    });
    market.tick(START_SEC);
    await visit.open(`${(await visit.serve(market, { access: keyed() })).url}/#models`, "reader");
    await visit.becomes("#page", "Two side by side");
    const rows = visit.page
      .getByRole("region", { name: "Table: Two models side by side" })
      .locator("tbody tr");
    expect(await rows.allInnerTexts()).toContainEqual(
      expect.stringMatching(/^R² against no move\s+\+0\.210 %\s+−0\.040 %$/),
    );
    // What is known of them is not asked for again, however often the page is drawn.
    await visit.page.locator("#compare-0").selectOption(NEXT);
    await visit.page.locator("#compare-1").selectOption(RIDGE);
    await rows.filter({ hasText: /−0\.040 %\s*\+0\.210 %/ }).waitFor();
    expect(await rows.allInnerTexts()).toContainEqual(
      expect.stringMatching(/^Gates passed\s+1 of 2\s+2 of 2$/),
    );
    expect(asked.sort()).toEqual([NEXT, RIDGE]);
    await visit.page.getByRole("link", { name: "Operations" }).click();
    await visit.page.getByText("2 of 2 settings have a value").click();
    await visit.becomes("#part-settings", "BINANCE_API_KEY");
    expect(await visit.text("#part-settings")).toContain("set, not shown");
    expect(await visit.stumbles()).toEqual([]);
  });
});
