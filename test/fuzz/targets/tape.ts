/**
 * Tapes of a market and captures of a service, from a file as their readers open it. Beside damaged bytes there are
 * files whose checksums hold and whose contents do not: what a reader does with those, it does with a tape from anyone.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import type { Rng } from "../../../src/base/rng.ts";
import { captureRecords, readCaptureHeader } from "../../../src/binance/capture/capture_read.ts";
import {
  CAPTURE_TAPE,
  encodeBlockHead,
  encodePrelude,
  MARKET_TAPE,
  type TapeVersion,
} from "../../../src/binance/capture/tape_format.ts";
import { readTape } from "../../../src/binance/capture/tape_read.ts";
import { readClosed } from "../../../src/predict/capture/closed_second.ts";
import { isJsonKind, type JsonKind, readRecord } from "../../../src/predict/capture/read_record.ts";
import { KINDS, kindOf, packed } from "../../../src/predict/capture/records.ts";
import { quoteFrame, SYMBOL, timeOf, tradeFrame } from "../../binance/sbe/frames.ts";
import { disconnectAt, outcomeAt, predictionAt, quoteAt, tradeAt } from "../../record/market_events.ts";
import { mutatedBytes, picked } from "../mutate_bytes.ts";
import { mutatedJson } from "../mutate_json.ts";
import { bytesOfText, type Door, type Target } from "../target.ts";

interface Contents {
  readonly version: TapeVersion;
  readonly header: unknown;
  readonly block: Uint8Array;
  readonly records: number;
}

/** A whole file around contents that need not make sense. */
function sealed({ version, block, records }: Contents, header: string, deflated: boolean): Uint8Array {
  const text = bytesOfText(header);
  const stored = deflated ? deflateRawSync(block, { level: 1 }) : block;
  const head = { stored_bytes: stored.length, inflated_bytes: block.length, records, crc: crc32(stored) };
  return Buffer.concat([encodePrelude(deflated, text, version), text, encodeBlockHead(head), stored]);
}

function inputOf(rng: Rng, contents: Contents, whole: readonly Uint8Array[]): Uint8Array {
  const header = JSON.stringify(contents.header);
  switch (rng.below(3)) {
    case 0:
      return mutatedBytes(rng, whole);
    case 1:
      return sealed(contents, mutatedJson(rng, [contents.header]), false);
    default:
      return sealed({ ...contents, block: mutatedBytes(rng, [contents.block]) }, header, rng.below(8) === 0);
  }
}

function target(contents: Contents, read: (path: string) => void | Promise<void>): Target {
  const folder = mkdtempSync(join(tmpdir(), "foretick-fuzz-"));
  const path = join(folder, "x.tape");
  const header = JSON.stringify(contents.header);
  const whole = [sealed(contents, header, false), sealed(contents, header, true)];
  return {
    codes: ["TAPE_INVALID"],
    input: (rng) => inputOf(rng, contents, whole),
    attempt: (input) => {
      writeFileSync(path, input);
      return read(path);
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function marketRecord(frame: Uint8Array, at_us: number): Uint8Array {
  const record = Buffer.alloc(12 + frame.length);
  record.writeBigInt64LE(BigInt(at_us), 0);
  record.writeUInt32LE(frame.length, 8);
  record.set(frame, 12);
  return record;
}

function captureRecord(kind: number, payload: Uint8Array): Uint8Array {
  const record = Buffer.alloc(5 + payload.length);
  record.writeUInt8(kind, 0);
  record.writeUInt32LE(payload.length, 1);
  record.set(payload, 5);
  return record;
}

function closedPayload(): Uint8Array {
  const payload = Buffer.alloc(37 + 2 * (3 + 16));
  payload.writeUInt8(2, 36);
  for (const at of [37, 56]) payload.writeUInt16LE(2, at + 1);
  return payload;
}

const FRAMES = [quoteFrame(7), tradeFrame(7, 9), quoteFrame(8)];

const market: Contents = {
  version: MARKET_TAPE,
  header: {
    ...{ symbol: SYMBOL, description: "three frames", start_us: timeOf(7), end_us: timeOf(9) },
    counts: { frames: 3, trades: 3, quotes: 2, depth_diffs: 0, depth_snapshots: 0 },
    snapshot: { last_update_id: 7, bids: [100, 1], asks: [101, 2] },
  },
  block: Buffer.concat(FRAMES.map((frame, i) => marketRecord(frame, timeOf(7 + i)))),
  records: 3,
};

const NUMBERING = { epoch: 0, id: 7, ts_us: timeOf(7) };
const ROSTER = [{ role: "champion", version: "zero/1", feature_set: "v1", set_hash: "0", horizon_s: 10 }];
const BOOK = {
  ...{ kind: "depth_snapshot", symbol: SYMBOL, ts_us: 0, received_us: timeOf(7), update_id: 2n ** 60n },
  ...{ bids: new Float64Array([1e8, 2e8]), asks: new Float64Array([2e8, -0]) },
};
const FADING = { count: 9, mean: 1e-5 };
const PROBABILITY = { count: 9, scale: 1, a: 0, b: 0.1, aa: 1, ab: 0, bb: 1 };
/** One of every kind that is JSON. */
const JSON_RECORDS: Readonly<Record<JsonKind, unknown>> = {
  event: disconnectAt(1),
  snapshot: BOOK,
  resume: { trade: NUMBERING },
  look_back: {
    ...{ earlier: [{ trade: tradeAt(0), late: true }], quotes: [quoteAt(1)] },
    trades: [{ trade: tradeAt(1), late: false, stored: true }],
    rest: { disconnects: [disconnectAt(1)], absent: [{ from: 3, to: 4 }], complete_from_sec: 1_700_000_000 },
  },
  ticker: {
    ...{ at_us: timeOf(7), last_e8: 5e12, bid_e8: 5e12, ask_e8: 5e12, mean_e8: 5e12 },
    ...{ change_pct: 1.5, volume: Number.NaN },
  },
  outcome: outcomeAt(1, 1e-4),
  restored: {
    wanted: { model_version: "zero/1", horizon_s: 10, before_sec: 1_700_000_000 },
    calibration: { ratio: 2, probability: PROBABILITY },
    moves: [
      { label: "mid", state: { size: FADING, variance: FADING, day_size: FADING, day_variance: FADING } },
    ],
  },
  roster: ROSTER,
  tick: {
    ts_sec: 1_700_000_000,
    role: "champion",
    version: "zero/1",
    turn_ms: Number.POSITIVE_INFINITY,
    yhat: 0,
  },
  prediction: predictionAt(1),
  gap: { records: 3, reason: "the disk is slow" },
  part: { numbering: { trade: NUMBERING, quote: NUMBERING }, book: BOOK, roster: ROSTER },
};
const JSON_KINDS = Object.keys(JSON_RECORDS) as JsonKind[];
const capture: Contents = {
  version: CAPTURE_TAPE,
  header: {
    ...{ symbol: SYMBOL, run: "20260101T000000.000Z", part: 1, begun_us: timeOf(7) },
    service: {
      ...{ sets: [{ name: "v1", hash: "0" }], streams: ["trade"], grace_ms: 250, deadline_ms: 100 },
      ...{ interval_ms: 1_000, version: "0", machine: "m" },
    },
  },
  block: Buffer.concat([
    captureRecord(KINDS.frame, Buffer.concat([Buffer.alloc(8), FRAMES[0]!])),
    ...[captureRecord(KINDS.next, Buffer.alloc(0)), captureRecord(KINDS.time, Buffer.alloc(8))],
    ...JSON_KINDS.map((kind) => captureRecord(KINDS[kind], bytesOfText(packed(JSON_RECORDS[kind])))),
    captureRecord(KINDS.closed, closedPayload()),
  ]),
  records: 4 + JSON_KINDS.length,
};

function readCapture(path: string): void {
  readCaptureHeader(path);
  for (const { kind, payload } of captureRecords(path)) {
    const name = kindOf(kind);
    if (name === "closed") readClosed(payload);
    else if (isJsonKind(name)) readRecord(name, payload);
  }
}

async function readMarket(path: string): Promise<void> {
  const messages = (await readTape(path)).messages();
  for (let next = messages.next(); !next.done; next = messages.next());
}

export const tape: Door = {
  ...{ name: "tape", what: "tapes of a market", runs: 1_000_000, short_runs: 1_000 },
  open: () => target(market, readMarket),
};
/** A capture of one record of JSON whose form is not that of its kind, or hardly. */
function recordOf(rng: Rng): Uint8Array {
  const kind = picked(rng, JSON_KINDS);
  const record = captureRecord(
    KINDS[kind],
    bytesOfText(mutatedJson(rng, [JSON.parse(packed(JSON_RECORDS[kind]))])),
  );
  return sealed({ ...capture, block: record, records: 1 }, JSON.stringify(capture.header), false);
}

function captureTarget(): Target {
  const made = target(capture, readCapture);
  return { ...made, input: (rng) => (rng.below(2) === 0 ? recordOf(rng) : made.input(rng)) };
}

export const captures: Door = {
  ...{ name: "capture", what: "captures of a service", runs: 1_000_000, short_runs: 1_000 },
  open: captureTarget,
};
