/**
 * What is normal, written into a bundle at training (`drift.json`): how each column was distributed, and how far one
 * training hour, quarter of a day and day stray from the whole. Vectors of neighbouring seconds are nearly the same, so
 * that the p-values of the usual tests are worthless; a distance is held against what blocks of the same length did
 * in training, and the threshold is what one of a thousand exceeds.
 */

import { z } from "zod";
import {
  type ColumnReference,
  type Distances,
  distancesOf,
  logScale,
  MEASURES,
  referenceOfColumn,
} from "./drift_distance.ts";
import { type ColumnStats, type DriftSlot, type DriftSlots, SLOT_S } from "./drift_slots.ts";

const DRIFT_FORMAT = "foretick-drift/1";
/** Hours of one market differ so much that some changes are told apart only over several. */
export const SPANS = ["hour", "quarter_day", "day"] as const;
export type Span = (typeof SPANS)[number];
export const SPAN_S: Readonly<Record<Span, number>> = { hour: 3600, quarter_day: 21_600, day: 86_400 };

const finite = z.number();
const share = z.number().min(0).max(1);
const thresholds = z.strictObject({
  psi: finite,
  wasserstein: finite,
  scale: finite,
  null_share: finite,
  repeat_share: finite,
});

const columnSchema = z.strictObject({
  name: z.string().min(1),
  edges: z.array(finite).min(1),
  shares: z.array(share),
  below: finite,
  above: finite,
  mean: finite,
  sd: z.number().nonnegative(),
  intraday: z.strictObject({ level: finite, cos: finite, sin: finite }),
  null_share: share,
  repeat_share: share,
  /** null where training was too short to know. */
  thresholds: z.strictObject({
    hour: thresholds.nullable(),
    quarter_day: thresholds.nullable(),
    day: thresholds.nullable(),
  }),
});

export const driftReferenceSchema = z.strictObject({
  format: z.literal(DRIFT_FORMAT),
  rows: z.int().nonnegative(),
  cadence_s: z.number().positive(),
  /** Features in the model's order, then `forecast` and `label` where they were given. */
  columns: z.array(columnSchema).min(1),
});
export type DriftReference = z.infer<typeof driftReferenceSchema>;
export type DriftColumn = z.infer<typeof columnSchema>;

/** Looks in an hour, one every quarter: what is exceeded one hour in a thousand is exceeded by any of them. */
const LOOKS = 4;
/** Hours below which nothing is said of what blocks do. */
const BLOCKS_MIN = 20;
/** Nothing is said of a span with fewer of its rows: the hours that are missing are hours of the day. */
export const COMPLETENESS_MIN = 0.9;
/** Of a normal, one in three thousand is beyond, on one side and on both: three measures share one in a thousand. */
const Z_999 = 3.4;
const Z_999_BOTH = 3.59;
/** One in twenty beyond, on one side. */
const Z_95 = 1.64;
/** Shares of nulls up to this much more than in the worst block are not drift. */
const NULL_MARGIN = 0.02;
/** Of the way from the worst block's share of repeats to none but repeats. */
const REPEAT_MARGIN = 0.25;

/** @param slots all of the training data. */
export function driftReference(
  slots: DriftSlots,
  { cadence_s = 1 }: { cadence_s?: number } = {},
): DriftReference {
  const whole = slots
    .statsOf(slots.slots)
    .map((stats, column) => referenceOfColumn(slots.bins[column]!.edges, stats));
  const bySpan = <T>(of: (span: Span) => T): Record<Span, T> => ({
    hour: of("hour"),
    quarter_day: of("quarter_day"),
    day: of("day"),
  });
  const blocks = bySpan((span) => blocksOf(slots, span, cadence_s));
  const references = whole.map((one, column) => ({ ...one, intraday: intradayOf(one, column, blocks.hour) }));
  const limits = (column: number, span: Span): Distances | null => {
    const distances = blocks[span].map(({ end_sec, stats }) => {
      const reference = references[column]!;
      return distancesOf(reference, stats[column]!, usualScale(reference, span, end_sec));
    });
    if (distances.length < BLOCKS_MIN * LOOKS) return null;
    return thresholdsOf(distances, (distances.length * SLOT_S) / SPAN_S[span]);
  };
  return {
    format: DRIFT_FORMAT,
    rows: slots.slots.reduce((sum, { rows }) => sum + rows, 0),
    cadence_s,
    columns: references.map((reference, column) => ({
      name: slots.bins[column]!.name,
      ...reference,
      edges: [...reference.edges],
      shares: [...reference.shares],
      thresholds: bySpan((span) => limits(column, span)),
    })),
  };
}

const DAY_S = SPAN_S.day;
/** The time of day at the middle of a span. */
const angleOf = (span: Span, end_sec: number): number =>
  (2 * Math.PI * ((end_sec - SPAN_S[span] / 2) % DAY_S)) / DAY_S;

/** Logarithm of the scale a span that ends then usually has. */
export function usualScale({ intraday, sd }: ColumnReference, span: Span, end_sec: number): number {
  if (span === "day") return sd > 0 ? Math.log(sd) : 0;
  const angle = angleOf(span, end_sec);
  return intraday.level + intraday.cos * Math.cos(angle) + intraday.sin * Math.sin(angle);
}

/** One wave a day through the hours' scales, by least squares; flat where a day of hours is not there. */
function intradayOf(
  reference: ColumnReference,
  column: number,
  hours: readonly Block[],
): ColumnReference["intraday"] {
  const points = hours.flatMap(({ end_sec, stats }) => {
    const angle = angleOf("hour", end_sec);
    const known = stats[column]!.known > 0 && reference.sd > 0;
    return known
      ? { scale: logScale(reference, stats[column]!), c: Math.cos(angle), s: Math.sin(angle) }
      : [];
  });
  if (points.length === 0) return reference.intraday;
  const fitted = { level: 0, cos: 0, sin: 0 };
  const whole_day = points.length * SLOT_S >= DAY_S;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    fitted.level = project(
      points,
      ({ scale, c, s }) => scale - fitted.cos * c - fitted.sin * s,
      () => 1,
    );
    if (!whole_day) break;
    fitted.cos = project(
      points,
      ({ scale, s }) => scale - fitted.level - fitted.sin * s,
      ({ c }) => c,
    );
    fitted.sin = project(
      points,
      ({ scale, c }) => scale - fitted.level - fitted.cos * c,
      ({ s }) => s,
    );
  }
  return fitted;
}

/** Of a day's hours the three parts are nearly at right angles: a few sweeps are enough. */
const SWEEPS = 30;

function project<T>(points: readonly T[], left: (point: T) => number, onto: (point: T) => number): number {
  const along = points.reduce((sum, point) => sum + left(point) * onto(point), 0);
  return along / points.reduce((sum, point) => sum + onto(point) ** 2, 0);
}

/** The slots of the span that ends with the last one. */
export function lastSlots(slots: readonly DriftSlot[], span: Span): DriftSlot[] {
  const last = slots.at(-1)?.slot ?? 0;
  return slots.slice(-SPAN_S[span] / SLOT_S).filter(({ slot }) => slot > last - SPAN_S[span] / SLOT_S);
}

/** Share of the rows there should be. */
export const completenessOf = (slots: readonly DriftSlot[], span: Span, cadence_s: number): number =>
  (slots.reduce((sum, { rows }) => sum + rows, 0) * cadence_s) / SPAN_S[span];

interface Block {
  readonly end_sec: number;
  readonly stats: readonly ColumnStats[];
}

/** Every block of a span's length, each a quarter of an hour after the other. */
function blocksOf(slots: DriftSlots, span: Span, cadence_s: number): Block[] {
  const length = SPAN_S[span] / SLOT_S;
  const blocks: Block[] = [];
  for (let end = length; end <= slots.slots.length; end++) {
    const block = lastSlots(slots.slots.slice(end - length, end), span);
    if (completenessOf(block, span, cadence_s) < COMPLETENESS_MIN) continue;
    blocks.push({ end_sec: endOf(block), stats: slots.statsOf(block) });
  }
  return blocks;
}

/** The first second after the last slot; 0 without any. */
export const endOf = (slots: readonly DriftSlot[]): number => ((slots.at(-1)?.slot ?? -1) + 1) * SLOT_S;

/** @param independent blocks that share no row. */
function thresholdsOf(blocks: readonly Distances[], independent: number): Distances {
  const of = (measure: keyof Distances): number[] => blocks.map((distances) => distances[measure]);
  const null_max = Math.max(...of("null_share"));
  const repeat_max = Math.max(...of("repeat_share"));
  return {
    psi: beyond(of("psi"), independent),
    wasserstein: beyond(of("wasserstein"), independent),
    scale: beyondEitherWay(of("scale"), independent),
    null_share: Math.min(1, null_max + NULL_MARGIN),
    repeat_share: repeat_max + REPEAT_MARGIN * (1 - repeat_max),
  };
}

/**
 * What the worst look of one hour in three thousand exceeds: no sample of some hundred hours holds it, so it is read off
 * the logarithms as if they were normal, at the far end of what their number leaves open; nothing seen in training is
 * beyond it.
 */
function beyond(distances: readonly number[], independent: number): number {
  const hours = distances.flatMap((_, at) =>
    at % LOOKS === 0 ? Math.max(...distances.slice(at, at + LOOKS)) : [],
  );
  const logs = hours.filter((distance) => distance > 0).map(Math.log);
  if (logs.length === 0) return Number.EPSILON;
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const sd = Math.sqrt(logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logs.length);
  return Math.max(Math.exp(mean + (Z_999 + openBy(independent)) * sd), ...distances);
}

/** As `beyond`, of the size of what strays to both sides of 0 as a normal does. */
function beyondEitherWay(sizes: readonly number[], independent: number): number {
  const sd = Math.sqrt(sizes.reduce((sum, size) => sum + size * size, 0) / sizes.length);
  return Math.max(sd * (Z_999_BOTH + openBy(independent)), Number.EPSILON, ...sizes);
}

/** How much farther, in deviations, the limit may lie for all that so many blocks can tell. */
const openBy = (independent: number): number => Z_95 * Math.sqrt((1 + Z_999 ** 2 / 2) / independent);

/** Which measure is farthest beyond its threshold, and how far: above 1 is drift. */
export function farthest(
  distances: Distances,
  limits: Distances,
): { measure: keyof Distances; ratio: number } {
  let [measure, ratio]: [keyof Distances, number] = ["psi", 0];
  for (const one of MEASURES) {
    // A share that is 1 in training already says nothing.
    const beyondIt = limits[one] >= 1 && one.endsWith("_share") ? 0 : distances[one] / limits[one];
    if (beyondIt > ratio) [measure, ratio] = [one, beyondIt];
  }
  return { measure, ratio };
}
