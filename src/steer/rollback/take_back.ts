/**
 * Takes a champion back: a row first, then the registry, then what came of it. A process that dies in between leaves a row
 * that says `begun`, and the next one ends it.
 */

import type { Clock } from "../../base/clock.ts";
import type { Alarm } from "../../judge/alarms.ts";
import type { RoleChoice } from "../../record/registry/role_rows.ts";
import type { RollbackEnd, RollbackRows } from "../../record/steer/rollback_rows.ts";
import { fallbackOf, type GoBackPorts, goBack } from "../go_back.ts";
import { evidenceOf } from "./decide.ts";

export interface TakeBackOptions extends GoBackPorts {
  readonly rows: Pick<RollbackRows, "begin" | "end" | "newest" | "lastReturn">;
  readonly clock: Clock;
}

type Evidence = Readonly<Record<string, unknown>>;

/** Every method rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export class TakeBack {
  readonly #options: TakeBackOptions;

  constructor(options: TakeBackOptions) {
    this.#options = options;
  }

  async now(symbol: string, champion: RoleChoice, alarm: Alarm): Promise<RollbackEnd> {
    const { clock, rows } = this.#options;
    const evidence = evidenceOf(alarm);
    const rollback_id = await rows.begin({
      ...{ at_us: clock.now(), symbol, place: champion.place.symbol, alarm: alarm.alarm, evidence },
      version_before: champion.version,
    });
    const end = await this.#goBack(symbol, champion, evidence);
    await rows.end(rollback_id, end);
    return end;
  }

  /**
   * Ends what a process before this one began.
   * @returns the alarm that could do nothing for this champion, which is still the symbol's; undefined: none.
   */
  async endBegun(symbol: string, champion: RoleChoice): Promise<Alarm["alarm"] | undefined> {
    const { roles, rows } = this.#options;
    const [last] = await rows.newest(symbol, 1);
    if (last?.symbol !== symbol) return undefined;
    const is_same = last.version_before === champion.version;
    let { status } = last;
    if (status === "begun") {
      const end: RollbackEnd = is_same
        ? await this.#goBack(symbol, champion, last.evidence)
        : { status: "returned", version_after: champion.version };
      await rows.end(last.rollback_id, end);
      ({ status } = end);
    }
    const is_stuck =
      is_same && status === "no_fallback" && !(await fallbackOf(roles, symbol, champion.version));
    return is_stuck ? last.alarm : undefined;
  }

  #goBack(symbol: string, champion: RoleChoice, evidence: Evidence): Promise<RollbackEnd> {
    return goBack(this.#options, symbol, champion, {
      actor: "auto_rollback",
      reason: JSON.stringify(evidence),
    });
  }
}
