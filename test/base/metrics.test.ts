import { describe, expect, it } from "vitest";
import { Metrics } from "../../src/base/metrics.ts";

describe("metrics", () => {
  it("reads a counter when it is scraped, says it is a counter, and does not add scrape to scrape", async () => {
    const metrics = new Metrics();
    let frames = 41;
    metrics.observe("counter", "foretick_frames_total", "Frames read.", () => frames);
    await metrics.text();
    frames = 42;
    expect(await metrics.text()).toBe(
      "# HELP foretick_frames_total Frames read.\n# TYPE foretick_frames_total counter\nforetick_frames_total 42\n",
    );
  });

  it("gives each sample its labels and drops a label set that is no longer reported", async () => {
    const metrics = new Metrics();
    let streams = ["trade", "depth"];
    metrics.observe("gauge", "foretick_feed_age_ms", "Age.", () =>
      streams.map((stream, i) => ({ labels: { symbol: "BTCUSDT", stream }, value: i - 1 })),
    );
    expect(await metrics.text()).toContain('feed_age_ms{symbol="BTCUSDT",stream="trade"} -1');
    streams = ["depth"];
    const text = await metrics.text();
    expect(text).toContain("# TYPE foretick_feed_age_ms gauge");
    expect(text).not.toContain('stream="trade"');
  });
});
