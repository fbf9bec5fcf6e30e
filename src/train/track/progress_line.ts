/** How a fit is going, one line per epoch: drawn over on a terminal, written below each other elsewhere. */

import type { FitProgress } from "../fit/trainable.ts";
import type { SearchProgress } from "../search/search.ts";

export interface LineOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class ProgressLine {
  readonly #output: LineOutput;
  #drawn = false;

  constructor(output: LineOutput) {
    this.#output = output;
  }

  show(progress: FitProgress): void {
    this.draw(progressText(progress));
  }

  draw(text: string): void {
    if (this.#output.isTTY) this.#output.write(`\r\x1b[K${text}`);
    else this.#output.write(`${text}\n`);
    this.#drawn = true;
  }

  /** Keeps the last line; what is printed next begins below it. */
  end(): void {
    if (this.#drawn && this.#output.isTTY) this.#output.write("\n");
    this.#drawn = false;
  }
}

function progressText({ kind, member, members, epochs_max, record, best_epoch }: FitProgress): string {
  const name = members > 1 ? `${kind} ${member}/${members}` : kind;
  const { epoch, loss, validation_loss, validation_r2, learning_rate, took_ms } = record;
  return [
    `${name.padEnd(7)} epoch ${String(epoch).padStart(String(epochs_max).length)}/${epochs_max}`,
    `loss ${loss.toFixed(5)}`,
    `validation ${validation_loss.toFixed(5)} (R² ${validation_r2.toFixed(5)})`,
    best_epoch === 0 ? "none better than zero yet" : `best ${best_epoch}`,
    `rate ${learning_rate.toPrecision(2)}`,
    `${(took_ms / 1000).toFixed(1)} s`,
  ].join("  ");
}

export function searchText(progress: SearchProgress): string {
  const { generation, generations, trial, population, latest, best, best_text } = progress;
  return [
    `search  generation ${generation}/${generations}, trial ${trial}/${population}`,
    `validation ${latest.validation_loss.toFixed(5)} (R² ${latest.validation_r2.toFixed(5)})`,
    `best ${best.validation_loss.toFixed(5)}: ${best_text}`,
  ].join("  ");
}
