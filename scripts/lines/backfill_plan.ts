/** What a backfill will take, in a few lines. */

import { US_PER_MS } from "../../src/base/units.ts";
import type { Stretch } from "../../src/record/backfill/known_history.ts";
import type { BackfillPlan } from "../../src/record/backfill/plan.ts";

const FILES_SHOWN = 5;

export interface PlannedRoom {
  readonly stretch: Stretch;
  readonly plan: BackfillPlan;
  readonly bars_only: boolean;
  readonly room: {
    readonly folder: string;
    readonly free_bytes: number;
    /** On the disk of `folder`. */
    readonly needed_bytes: number;
    /** The database is elsewhere: its disk cannot be asked. */
    readonly database_elsewhere: boolean;
  };
}

export function planLines({ stretch, plan, bars_only, room }: PlannedRoom): string[] {
  const day = (time_us: number): string => new Date(time_us / US_PER_MS).toISOString().slice(0, 10);
  const { days, days_known, files, absent } = plan;
  const missing = absent.slice(0, FILES_SHOWN).map((name) => `absent   ${name} is not published`);
  if (absent.length > FILES_SHOWN) missing.push(`         and ${absent.length - FILES_SHOWN} more`);
  const parts = [
    `${size(plan.database_bytes)} ${bars_only ? "of bars" : "of trades and bars"} in the database`,
    `${size(plan.copies_bytes)} of files`,
    `${size(plan.log_bytes)} for the database's log`,
  ];
  return [
    `${stretch.symbol}  ${day(stretch.from_us)} … ${day(stretch.to_us)}, ${days} days, ${days_known} of them known`,
    `download ${files.length} files, ${size(plan.download_bytes)}`,
    ...missing,
    `disk     about ${size(plan.disk_bytes)}: ${parts.join(", ")}`,
    room.database_elsewhere
      ? `free     ${size(room.free_bytes)} in ${room.folder}, where the files go; the database's own disk is not known from here`
      : `free     ${size(room.free_bytes)} in ${room.folder}`,
    room.needed_bytes <= room.free_bytes ? "enough" : "TOO LITTLE",
  ];
}

function size(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${Math.ceil(bytes / 1e6)} MB`;
}
