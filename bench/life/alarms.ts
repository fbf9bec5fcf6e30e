/** Alarms on realised error: how long they take where there is cause, and how often they come without. */

import { type Alarm, Alarms } from "../../src/judge/alarms.ts";
import { printAim, printTable } from "../peers/measure.ts";
import {
  DAY_S,
  HORIZON_S,
  LABEL_SD,
  lastingNoise,
  type Moment,
  meanSd,
  middle,
  moments,
  percent,
  type Settings,
} from "./scene.ts";

const R2 = 0.01;
/** Months of days in which all is well. */
const MONTHS = 4;

interface Story {
  readonly seed: number;
  readonly r2: number;
  readonly from_sec?: number;
  readonly days: number;
  readonly champion: (moment: Moment, noise: number) => number;
  readonly last_good?: (moment: Moment, noise: number) => number;
}

function alarmsOf(
  { seed, r2, from_sec = 0, days, champion, last_good }: Story,
  until: (alarm: Alarm) => boolean,
): Alarm[] {
  const alarms = new Alarms({ horizon_s: HORIZON_S });
  const [one, other] = [lastingNoise(seed, "champion"), lastingNoise(seed, "last good")];
  const raised: Alarm[] = [];
  for (const moment of moments({ seed, r2, from_sec }, days)) {
    const { ts_sec, y, variance } = moment;
    const alarm = alarms.learn({
      ts_sec,
      yhat_log_return: champion(moment, one()),
      realized_log_return: y,
      variance,
      yhat_last_good: last_good?.(moment, other()),
    });
    if (!alarm) continue;
    raised.push(alarm);
    if (until(alarm)) break;
  }
  return raised;
}

export function falseAlarms({ days }: Settings): void {
  const noisy = ({ mean, variance }: Moment, noise: number): number =>
    mean + 0.5 * meanSd(R2, variance) * noise;
  let [broken, dead] = [0, 0];
  for (let month = 0; month < MONTHS; month++) {
    const raised = alarmsOf(
      {
        seed: 20_000 + month,
        r2: R2,
        days,
        champion: noisy,
        last_good: noisy,
      },
      () => false,
    );
    broken += raised.filter(({ alarm }) => alarm === "broken").length;
    dead += raised.filter(({ alarm }) => alarm === "dead").length;
  }
  console.log(
    `\nFalse alarms of a good champion, R² ${percent(R2)}, beside an equal last good model, ${MONTHS} × ${days} days`,
  );
  const per_day = dead / (MONTHS * days);
  printTable(
    ["alarm", "raised", "each thirty days", "share of days"],
    [
      [
        "broken",
        String(broken),
        ((broken / MONTHS / days) * 30).toFixed(2),
        percent(broken / (MONTHS * days)),
      ],
      ["dead", String(dead), (per_day * 30).toFixed(2), percent(per_day)],
    ],
  );
  printAim(
    "broken at most once in thirty days, dead on at most 5 % of days",
    broken <= (MONTHS * days) / 30 && per_day <= 0.05,
  );
}

const FAULTS: readonly { name: string; r2: number; champion: Story["champion"]; aimed: boolean }[] = [
  {
    name: "error twice that of zero",
    r2: R2,
    champion: ({ mean, variance }, noise) => mean + meanSd(1, variance) * noise,
    aimed: true,
  },
  { name: "sign flipped at R² 33 %", r2: 0.33, champion: ({ mean }) => -mean, aimed: true },
  { name: "output stuck at one label sd", r2: R2, champion: () => LABEL_SD, aimed: true },
  { name: "scale times 100", r2: R2, champion: ({ mean }) => 100 * mean, aimed: true },
  {
    name: "error half as much again as zero's",
    r2: R2,
    champion: ({ mean, variance }, noise) => mean + meanSd(0.5, variance) * noise,
    aimed: false,
  },
];

export function brokenDelays({ runs }: Settings): void {
  const some = Math.max(1, Math.round(runs / 3));
  let met = true;
  const rows = FAULTS.map(({ name, r2, champion, aimed }) => {
    const delays = Array.from({ length: some }, (_, seed) => {
      // At any hour of the day: two hours of good forecasts are enough for the variance to be known.
      const from = 7200 + Math.floor((seed * 7919) % 64_800);
      const story: Story = {
        seed: 30_000 + seed,
        r2,
        from_sec: from - 7200,
        days: 21_600 / DAY_S,
        champion: (moment, noise) => (moment.ts_sec < from ? moment.mean : champion(moment, noise)),
      };
      const found = alarmsOf(story, ({ alarm, ts_sec }) => alarm === "broken" && ts_sec > from).at(-1);
      // The outcome of a forecast is known a horizon later.
      return found ? (found.ts_sec + HORIZON_S - from) / 60 : Infinity;
    });
    if (aimed && !(middle(delays) <= 5)) met = false;
    return [
      name,
      ...[0.5, 0.9, 0.99].map((q) => middle(delays, q).toFixed(1)),
      percent(delays.filter(Number.isFinite).length / some, 0),
    ];
  });
  console.log(`\nMinutes until the alarm "broken", ${some} runs each, at any hour of the day`);
  printTable(["what happened", "median", "nine in ten", "99 in 100", "found in 4 h"], rows);
  printAim("median at most five minutes where the error is at least twice that of zero", met);
}

export function deadDelays({ runs }: Settings): void {
  const some = Math.max(1, Math.round(runs / 6));
  const rows: string[][] = [];
  const within: number[] = [];
  for (const against of ["last good model, R² 1 %", "zero only"]) {
    const delays = Array.from({ length: some }, (_, run) => {
      const from = 3600 + Math.floor((run * 7919) % 79_000);
      const story: Story = {
        seed: 40_000 + run,
        r2: R2,
        days: 3,
        champion: ({ ts_sec, mean, variance }, noise) =>
          ts_sec < from ? mean : meanSd(R2, variance) * noise,
        ...(against === "zero only" ? {} : { last_good: ({ mean }: Moment) => 0.9 * mean }),
      };
      const found = alarmsOf(story, ({ ts_sec }) => ts_sec > from).at(-1);
      return found && found.ts_sec > from ? (found.ts_sec - from) / 3600 : Infinity;
    });
    const day = delays.filter((hours) => hours <= 24).length / some;
    within.push(day);
    rows.push([against, percent(day, 0), middle(delays).toFixed(1), middle(delays, 0.9).toFixed(1)]);
  }
  console.log(
    `\nHours until the alarm "dead": the champion goes on, its signal of R² 1 % is gone, at any hour, ${some} runs`,
  );
  printTable(["beside", "within a day", "median", "nine in ten"], rows);
  printAim("within a day beside a last good model, in nineteen of twenty runs", within[0]! >= 0.95);
}
