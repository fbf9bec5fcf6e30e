/** What is to go out of one symbol: what waits, and the batch that was sent and is not answered for. */

import { LIMITS } from "../../base/limits.ts";
import { type CommandOptions, commandsOf } from "./commands.ts";
import type { Command, Verdict } from "./guard.ts";
import { Waiting } from "./waiting.ts";

/** Counted over all symbols. */
export interface OutCount {
  published: number;
  batches: number;
  seen: number;
  fenced: number;
}

interface Outgoing {
  readonly number: number;
  readonly commands: readonly Command[];
}

export class SymbolOut {
  readonly waiting = new Waiting();
  /** Sent and not answered for: sent again as it is. */
  sent: Outgoing | undefined;
  number = 0;
  /** Its state is to be given on, and with it that this service leads it. */
  due = false;
  /** The last batch was refused since another service writes the symbol. */
  fenced = false;

  /** @returns whether there is anything to send. */
  prepare(symbol: string, options: CommandOptions, stateOf: (symbol: string) => object): boolean {
    if (this.sent) return true;
    if (!this.due && this.waiting.length === 0) return false;
    const commands = commandsOf(symbol, this.waiting.take(), options);
    if (this.due) {
      const text = JSON.stringify(stateOf(symbol));
      commands.push(["SET", options.keys.state(symbol), text, "EX", String(LIMITS.redis_vector_s)]);
    }
    this.due = false;
    this.sent = { number: ++this.number, commands };
    return true;
  }

  answered(verdict: Verdict, count: OutCount): void {
    this.fenced = verdict === "fenced";
    if (this.fenced) count.fenced++;
    else {
      count.batches++;
      count.published += this.sent?.commands.length ?? 0;
      if (verdict === "seen") count.seen++;
    }
    this.sent = undefined;
  }

  /** Another service leads it, and gives it on. */
  forget(count: OutCount): void {
    if (this.sent) count.fenced++;
    this.sent = undefined;
    this.due = false;
    while (this.waiting.length > 0) this.waiting.take();
  }
}
