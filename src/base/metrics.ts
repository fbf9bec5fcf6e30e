/**
 * Metrics in the Prometheus text format, through prom-client. Counters on the hot path are plain numbers in
 * the object that counts; a metric reads them when it is scraped, so counting costs one addition.
 */

import { Counter, Gauge, Histogram, Registry } from "prom-client";

export type { Counter, Gauge, Histogram };

/** Every label of the product, so that one name means one thing and a misspelt one does not compile. */
const LABEL_NAMES = [
  "symbol",
  "stream",
  "table",
  "code",
  "kind",
  "model_version",
  "feature",
  "feature_set",
  "route",
  "status",
] as const;

export type LabelName = (typeof LABEL_NAMES)[number];
export type Labels = Readonly<Partial<Record<LabelName, string>>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export class Metrics {
  readonly #registry = new Registry();

  /** A metric whose samples are read at scrape time from numbers kept elsewhere. */
  observe(
    kind: "counter" | "gauge",
    name: string,
    help: string,
    read: () => number | Iterable<Sample>,
  ): void {
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

  /** A histogram observed directly; for things that happen at most a few times a second. */
  histogram(name: string, help: string, buckets: number[], labelNames: LabelName[] = []): Histogram {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.#registry] });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
