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

  it("counts a histogram's values at or below each bound, one set of labels apart from another", async () => {
    const metrics = new Metrics();
    const seconds = metrics.histogram("foretick_asked_seconds", "Time.", [0.5, 1], ["route", "status"]);
    expect(metrics.histogram("foretick_asked_seconds", "Time.", [0.5, 1], ["route", "status"])).toBe(seconds);
    const of200 = seconds.labels({ route: "/latest", status: "200" });
    seconds.labels({ route: "/never", status: "200" });
    for (const value of [0.25, 0.5, 0.75, 1, 2]) of200.observe(value);
    seconds.observe({ route: '/"\\', status: "400" }, 3);
    expect(await metrics.text()).toBe(
      `# HELP foretick_asked_seconds Time.
# TYPE foretick_asked_seconds histogram
foretick_asked_seconds_bucket{le="0.5",route="/latest",status="200"} 2
foretick_asked_seconds_bucket{le="1",route="/latest",status="200"} 4
foretick_asked_seconds_bucket{le="+Inf",route="/latest",status="200"} 5
foretick_asked_seconds_sum{route="/latest",status="200"} 4.5
foretick_asked_seconds_count{route="/latest",status="200"} 5
foretick_asked_seconds_bucket{le="0.5",route="/\\"\\\\",status="400"} 0
foretick_asked_seconds_bucket{le="1",route="/\\"\\\\",status="400"} 0
foretick_asked_seconds_bucket{le="+Inf",route="/\\"\\\\",status="400"} 1
foretick_asked_seconds_sum{route="/\\"\\\\",status="400"} 3
foretick_asked_seconds_count{route="/\\"\\\\",status="400"} 1
`,
    );
  });
});
