/** A symbol's champion under watch, and what people are told of it. */

import type { ForetickError } from "../../base/errors.ts";
import type { Alarm } from "../../judge/alarms.ts";
import type { Judged } from "../../record/outcomes/judged_ticks.ts";
import type { RoleChoice } from "../../record/registry/role_rows.ts";
import type { ChampionAlarms, ChampionReport } from "./champion_alarms.ts";
import { alarmText } from "./decide.ts";

/** One symbol's champion under watch. */
export interface Watched {
  readonly choice: RoleChoice;
  readonly judged: Judged;
  readonly alarms: ChampionAlarms;
  /** Why an alarm that stands is not acted on; null where none stands or it was. */
  waits: "not_allowed" | "within_an_hour" | null;
  /** The alarm that was told of. */
  told: Alarm | undefined;
  /** Nothing to go back to. */
  stuck: string | undefined;
}

export interface WatchedChampion {
  readonly symbol: string;
  readonly version: string;
  readonly alarm: string | null;
  readonly waits: Watched["waits"];
  readonly stuck: string | null;
  readonly report: ChampionReport;
}

export interface RollbackStats {
  readonly allowed: boolean;
  readonly rollbacks: number;
  readonly champions: readonly WatchedChampion[];
  readonly last_error: ForetickError | undefined;
}

export function watchedChampion(symbol: string, { choice, alarms, waits, stuck }: Watched): WatchedChampion {
  return {
    ...{ symbol, waits, stuck: stuck ?? null },
    version: choice.version,
    alarm: alarms.alarm ? `${alarms.alarm.alarm}: ${alarmText(alarms.alarm)}` : null,
    report: alarms.report(),
  };
}
