/**
 * Metrics in the Prometheus text format, through prom-client. Counters on the hot path are plain numbers in
 * the object that counts; a metric reads them when it is scraped, so counting costs one addition.
 */

import { Counter, Gauge, Histogram, Registry } from "prom-client";

import { LIMITS } from "./limits.ts";
import { nextTurn } from "./turns.ts";

export type { Counter, Gauge, Histogram };

/** Every label of the product, so that one name means one thing and a misspelt one does not compile. */
const LABEL_NAMES = [
  "symbol",
  "stream",
  "table",
  "code",
  "reason",
  "kind",
  "model_version",
  "role",
  "feature",
  "feature_set",
  "route",
  "status",
  "window",
  "rule",
  "channel",
  "limit",
] as const;

/** Names that dashboards made for the plan ask for; each is there under ours too. */
export type PlanMetric =
  | "trainer_training_duration_seconds"
  | "trainer_validation_accuracy"
  | "trainer_model_size_mb"
  | "trainer_inference_latency_ms"
  | "trainer_data_samples_processed"
  | "model_directional_accuracy"
  | "model_mae"
  | "model_correlation"
  | "model_confidence_calibration";

/** All of ours begin alike, so that one search finds them beside those of other services. */
export type MetricName = `foretick_${string}` | PlanMetric;

export type LabelName = (typeof LABEL_NAMES)[number];
export type Labels = Readonly<Partial<Record<LabelName, string>>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #histograms = new Map<string, Histogram>();
  readonly #reads = new Map<string, () => number | Iterable<Sample>>();

  /** A metric whose samples are read at scrape time from numbers kept elsewhere. */
  observe(
    kind: "counter" | "gauge",
    name: MetricName,
    help: string,
    read: () => number | Iterable<Sample>,
  ): void {
    this.#reads.set(name, read);
    const settings = { name, help, registers: [this.#registry], labelNames: [...LABEL_NAMES] };
    const each = (write: (labels: Labels, value: number) => void): void => {
      const samples = read();
      if (typeof samples === "number") write({}, samples);
      else for (const sample of samples) write(sample.labels ?? {}, sample.value);
    };
    // The total is kept elsewhere, so a counter starts from zero at each scrape and is raised to it.
    if (kind === "counter") {
      new Counter({
        ...settings,
        collect() {
          this.reset();
          each((labels, value) => this.inc(labels, value));
        },
      });
    } else {
      new Gauge({
        ...settings,
        collect() {
          this.reset();
          each((labels, value) => this.set(labels, value));
        },
      });
    }
  }

  /** A histogram, which is observed directly. One of a name is made once. */
  histogram(name: MetricName, help: string, buckets: number[], labelNames: LabelName[] = []): Histogram {
    const there = this.#histograms.get(name);
    if (there) return there;
    const made = new Histogram({ name, help, buckets, labelNames, registers: [this.#registry] });
    this.#histograms.set(name, made);
    return made;
  }

  /** Names of those that are read elsewhere; of these `samples` knows the value. */
  get names(): ReadonlySet<string> {
    return new Set(this.#reads.keys());
  }

  /** The metric as it is now; empty where there is none of that name. */
  samples(name: string): readonly Sample[] {
    const now = this.#reads.get(name)?.() ?? [];
    return typeof now === "number" ? [{ value: now }] : [...now];
  }

  /**
   * All of it, a few metrics in a turn of the event loop: a tick waits for no more than those.
   * @param turn what is awaited between two slices.
   */
  async text(turn: () => Promise<void> = nextTurn): Promise<string> {
    const parts: string[] = [];
    for (const [at, metric] of this.#registry.getMetricsAsArray().entries()) {
      if (at > 0 && at % LIMITS.metrics_a_turn === 0) await turn();
      parts.push(await this.#registry.getSingleMetricAsString(metric.name));
    }
    return `${parts.join("\n\n")}\n`;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
