/** How long the forecasts of the last minutes took, as they say it themselves: a bar a step, each step twice the one before. */

import { make, small } from "../draw/dom.ts";
import { drawing, element, label, px } from "../draw/svg.ts";
import { count } from "../words.ts";
import { latencyBins, quantileOf, STEPS_MS } from "./latency_bins.ts";

const [WIDTH, HEIGHT, FOOT_PX] = [340, 92, 18];

export function drawLatency(place: HTMLElement, latencies_ms: readonly number[]): void {
  const [half, most] = [quantileOf(latencies_ms, 0.5), quantileOf(latencies_ms, 0.99)];
  if (half === undefined || most === undefined) {
    place.replaceChildren(small("No forecast has been made yet."));
    return;
  }
  const bins = latencyBins(latencies_ms);
  const highest = Math.max(...bins);
  const step = WIDTH / bins.length;
  const bars = bins.map((n, i) => {
    const height = n === 0 ? 0 : Math.max(2, (n / highest) * (HEIGHT - FOOT_PX - 4));
    const x = px(i * step + 1);
    return element("rect", {
      class: "bar",
      ...{ x, y: px(HEIGHT - FOOT_PX - height), width: px(step - 2), height: px(height) },
    });
  });
  const marks = STEPS_MS.flatMap((step_ms, i) => {
    if (i % 2 === 1) return [];
    const mark = label((i + 1) * step, HEIGHT - 4, String(step_ms), "middle");
    return [mark];
  });
  const says = `Half of ${count(latencies_ms.length)} forecasts took up to ${half.toFixed(1)} ms, 99 of 100 up to ${most.toFixed(1)} ms.`;
  place.replaceChildren(
    make("p", {}, says),
    drawing(WIDTH, HEIGHT, `By how long they took, from 0.25 to 64 ms: ${says}`, [...bars, ...marks]),
    small("Across: milliseconds from the features to the forecast, each step twice the one before."),
  );
}
