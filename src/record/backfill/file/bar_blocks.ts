/**
 * Rows into bars, without keeping them: block after block of five minutes, each once all of its rows have come. A
 * block's rows are kept as trades where something is wrong with it (a row that is not believed, ids that are missing in
 * it or next to it), so that what is missing can be filled.
 */

import { LIMITS } from "../../../base/limits.ts";
import type { CheckedRun } from "../checked_runs.ts";
import type { Commit, RowSink } from "./row_sink.ts";
import { BLOCK_US, type Survey, startOf } from "./survey.ts";

interface Block {
  readonly from_us: number;
  /** Rows that have not come. */
  left: number;
  runs: CheckedRun[];
  /** Its rows are trades, whatever comes. */
  as_trades: boolean;
}

export class BarBlocks implements RowSink {
  readonly #batch_rows: number;
  readonly #end: { last_id: number | undefined };
  readonly #commit: Commit;
  readonly #left: ReadonlyMap<number, number>;
  readonly #open = new Map<number, Block>();
  /** Rows of open blocks. */
  #open_rows = 0;
  /** Complete; whether the next one goes on from it is not known yet. */
  #held: Block | undefined;
  #bars: Block[] = [];
  #trades: CheckedRun[] = [];
  #ready_rows = 0;

  /** @param end of what was read before; kept up to date. */
  constructor(batch_rows: number, end: { last_id: number | undefined }, { blocks }: Survey, commit: Commit) {
    this.#batch_rows = batch_rows;
    this.#end = end;
    this.#left = blocks;
    this.#commit = commit;
  }

  async take(run: CheckedRun): Promise<void> {
    const block = this.#blockOf(run.ts_us);
    block.runs.push(run);
    block.left--;
    this.#open_rows++;
    if (block.left > 0) {
      if (this.#open_rows > LIMITS.load_block_rows_max) await this.#spill();
      return;
    }
    this.#open.delete(block.from_us);
    this.#open_rows -= block.runs.length;
    this.#completed(block);
    if (this.#ready_rows >= this.#batch_rows) await this.#flush();
  }

  async finish(): Promise<void> {
    if (this.#held) this.#ready(this.#held);
    this.#held = undefined;
    await this.#flush();
  }

  #blockOf(ts_us: number): Block {
    const from_us = startOf(ts_us, BLOCK_US);
    let block = this.#open.get(from_us);
    if (!block) {
      block = { from_us, left: this.#left.get(from_us)!, runs: [], as_trades: false };
      this.#open.set(from_us, block);
    }
    return block;
  }

  /** A file in no order at all: the rows of its fullest block do not wait any longer. */
  async #spill(): Promise<void> {
    let fullest: Block | undefined;
    for (const block of this.#open.values()) {
      if (!fullest || block.runs.length > fullest.runs.length) fullest = block;
    }
    const { runs } = fullest!;
    fullest!.as_trades = true;
    fullest!.runs = [];
    this.#open_rows -= runs.length;
    await this.#commit(runs);
  }

  #completed(block: Block): void {
    const { first, last, whole } = idsOf(block.runs);
    const before = this.#end.last_id;
    const joins = before === undefined || first === before + 1;
    if (!joins && this.#held) this.#held.as_trades = true;
    if (!joins || !whole) block.as_trades = true;
    this.#end.last_id = last;
    if (this.#held) this.#ready(this.#held);
    this.#held = block;
  }

  #ready(block: Block): void {
    this.#ready_rows += block.runs.length;
    if (block.as_trades) this.#trades.push(...block.runs);
    else this.#bars.push(block);
  }

  async #flush(): Promise<void> {
    const [trades, bars] = [this.#trades, this.#bars];
    this.#trades = [];
    this.#bars = [];
    this.#ready_rows = 0;
    await this.#commit(trades, bars);
  }
}

/** `whole`: every row is believed, and no id is missing or comes twice. */
function idsOf(runs: readonly CheckedRun[]) {
  let [first, last, n, whole] = [Number.POSITIVE_INFINITY, -1, 0, true];
  for (const { first_trade_id, last_trade_id, set_aside } of runs) {
    if (set_aside !== undefined) whole = false;
    first = Math.min(first, first_trade_id);
    last = Math.max(last, last_trade_id);
    n += last_trade_id - first_trade_id + 1;
  }
  return { first, last, whole: whole && n === last - first + 1 };
}
