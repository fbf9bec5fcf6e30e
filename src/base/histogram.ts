/**
 * How values are spread, in plain numbers: counting one is an addition or two, so that it may be done for every request. The text
 * of it is made when it is scraped.
 */

/** Counts one value of one set of labels. */
export interface Observer {
  /** @param value finite; in the histogram's unit. */
  observe(value: number): void;
}

export type HistogramLabels = Readonly<Record<string, string>>;

export class Histogram {
  readonly name: string;
  readonly #help: string;
  /** Upper bounds, ascending; a value that is equal is within. */
  readonly #bounds: Float64Array;
  readonly #label_names: readonly string[];
  readonly #counted = new Map<string, Counted>();

  constructor(name: string, help: string, bounds: readonly number[], label_names: readonly string[]) {
    this.name = name;
    this.#help = help;
    this.#bounds = Float64Array.from(bounds).sort();
    this.#label_names = label_names;
  }

  observe(labels: HistogramLabels, value: number): void {
    this.labels(labels).observe(value);
  }

  /** What counts for these labels: to be kept where it is needed often. */
  labels(labels: HistogramLabels): Observer {
    const text = this.#label_names.map((name) => `${name}="${escaped(labels[name] ?? "")}"`).join(",");
    const there = this.#counted.get(text);
    if (there) return there;
    const made = new Counted(this.#bounds);
    this.#counted.set(text, made);
    return made;
  }

  /** In the Prometheus text format, without a last line break. Label sets of which nothing was counted are left out. */
  text(): string {
    const { name } = this;
    const lines = [`# HELP ${name} ${this.#help}`, `# TYPE ${name} histogram`];
    for (const [labels, { counts, sum }] of this.#counted) {
      const comma = labels === "" ? "" : ",";
      const whose = labels === "" ? "" : `{${labels}}`;
      let within = 0;
      const line = (bound: string, count: number): void => {
        within += count;
        lines.push(`${name}_bucket{le="${bound}"${comma}${labels}} ${within}`);
      };
      if (counts.every((count) => count === 0)) continue;
      for (const [at, bound] of this.#bounds.entries()) line(String(bound), counts[at]!);
      line("+Inf", counts[this.#bounds.length]!);
      lines.push(`${name}_sum${whose} ${sum}`, `${name}_count${whose} ${within}`);
    }
    return lines.join("\n");
  }
}

class Counted implements Observer {
  /** Of each bound, those within it and beyond the one before; the last: beyond all of them. */
  readonly counts: Float64Array;
  sum = 0;
  readonly #bounds: Float64Array;

  constructor(bounds: Float64Array) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > this.#bounds[at]!) at++;
    this.counts[at]!++;
    this.sum += value;
  }
}

const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
