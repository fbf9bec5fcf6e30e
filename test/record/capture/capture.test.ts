import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { ForetickError } from "../../../src/base/errors.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import {
  type CaptureRecord,
  captureRecords,
  readCaptureHeader,
} from "../../../src/binance/capture/capture_read.ts";
import { readTape } from "../../../src/binance/capture/tape_read.ts";
import type { PartRecord } from "../../../src/predict/capture/input_log.ts";
import { readRecord } from "../../../src/predict/capture/read_record.ts";
import { KINDS } from "../../../src/predict/capture/records.ts";
import { CaptureFolder, type CaptureFolderOptions } from "../../../src/record/capture/capture_folder.ts";
import { CaptureLog, type CaptureLogOptions } from "../../../src/record/capture/capture_log.ts";
import { partName } from "../../../src/record/capture/part_name.ts";
import { type Disk, realDisk } from "../../../src/record/write/disk.ts";
import { rejection } from "../../base/rejection.ts";
import { met } from "../../met.ts";

const RUN = "20260101T000000.000Z";
const START_US = 1_767_225_600_000_000;
const STATE: PartRecord = { numbering: { trade: undefined, quote: undefined }, book: undefined, roster: [] };
const service = {
  sets: [],
  streams: [],
  grace_ms: 250,
  deadline_ms: 100,
  interval_ms: 1_000,
  version: "0",
  machine: "m",
};

function begun(options: Partial<CaptureLogOptions> = {}) {
  const directory = mkdtempSync(join(tmpdir(), "foretick-capture-"));
  const clock = new ManualClock(START_US);
  const header = { symbol: "BTCUSDT", run: RUN, service };
  const refusal = (): undefined => undefined;
  const made = new CaptureLog({ directory, disk: realDisk, clock, log, header, refusal, ...options });
  const write = (text: string): void => {
    const bytes = new TextEncoder().encode(text);
    const at = made.reserve(KINDS.event, bytes.length);
    made.bytes.set(bytes, at);
  };
  return { directory, clock, log: made, write, path: (part = 1) => join(directory, partName(RUN, part)) };
}

/** Seals what there is, and waits until it is on the disk. */
async function settled({ clock, log: made }: ReturnType<typeof begun>): Promise<void> {
  clock.advance(1_001);
  await met("the disk", () => made.queued_bytes === 0);
}

const textOf = ({ payload }: CaptureRecord): string => new TextDecoder().decode(payload);

function read(path: string): { texts: string[]; torn_bytes: number } {
  const texts: string[] = [];
  const records = captureRecords(path);
  for (;;) {
    const step = records.next();
    if (step.done) return { texts, torn_bytes: step.value };
    texts.push(textOf(step.value));
  }
}

/** Of three blocks. */
async function threeBlocks() {
  const capture = begun();
  const ends: number[] = [];
  for (const block of ["a", "b", "c"]) {
    for (let i = 0; i < 4; i++) capture.write(`${block}${i} ${"x".repeat(9 * i)}`);
    await settled(capture);
    ends.push(readFileSync(capture.path()).length);
  }
  await capture.log.close();
  return { ...capture, ends };
}

it("gives back what was written, with the header before all else", async () => {
  const { path } = await threeBlocks();
  expect(readCaptureHeader(path())).toMatchObject({
    symbol: "BTCUSDT",
    run: RUN,
    part: 1,
    begun_us: START_US + 1_001_000,
  });
  const { texts, torn_bytes } = read(path());
  expect(texts.map((text) => text.slice(0, 2))).toEqual(
    ["a", "b", "c"].flatMap((of) => [0, 1, 2, 3].map((i) => of + i)),
  );
  expect(torn_bytes).toBe(0);
});

it("sets a torn tail aside at whatever byte it ends, also one of zeros", async () => {
  const { path, ends } = await threeBlocks();
  const whole = readFileSync(path());
  const first_block = ends[0]! - (ends[1]! - ends[0]!);
  const cut = join(mkdtempSync(join(tmpdir(), "foretick-capture-")), "cut.tape");
  for (let length = ends[0]!; length < whole.length; length++) {
    writeFileSync(cut, whole.subarray(0, length));
    const { texts, torn_bytes } = read(cut);
    const kept = ends.filter((end) => end <= length);
    expect(texts.length).toBe(4 * kept.length);
    expect(torn_bytes).toBe(length - kept.at(-1)!);
  }
  expect(first_block).toBeGreaterThan(0);
  writeFileSync(cut, whole);
  appendFileSync(cut, new Uint8Array(70_000));
  expect(read(cut)).toEqual({ texts: read(path()).texts, torn_bytes: 70_000 });
});

it("never gives what was not written, whichever byte is changed: it is refused, or the rest is set aside", async () => {
  const { path } = await threeBlocks();
  const whole = readFileSync(path());
  const { texts } = read(path());
  const changed = join(mkdtempSync(join(tmpdir(), "foretick-capture-")), "changed.tape");
  for (let at = 0; at < whole.length; at++) {
    const bytes = Buffer.from(whole);
    bytes[at]! ^= 0x55;
    writeFileSync(changed, bytes);
    try {
      const found = read(changed);
      expect(found.torn_bytes, `byte ${at}`).toBeGreaterThan(0);
      expect(found.texts).toEqual(texts.slice(0, found.texts.length));
    } catch (error) {
      if (!(error instanceof ForetickError)) throw error;
      expect(error.code).toBe("TAPE_INVALID");
      expect(error.message).toContain("at byte");
    }
  }
});

it("is refused as a market in one sentence that says what it is", async () => {
  const { path } = await threeBlocks();
  expect((await rejection(readTape(path()))).message).toContain('replay it with "bun run replay"');
});

it("begins another part after so many bytes and with each hour, between two inputs, with where the lane is", async () => {
  const capture = begun({ part_bytes_max: 100 });
  const { log: made, clock, write, directory, path } = capture;
  made.between(() => STATE);
  write("x".repeat(120));
  await settled(capture);
  made.between(() => STATE);
  write("second");
  clock.advance(3_600_000);
  made.between(() => STATE);
  write("third");
  await settled(capture);
  await made.close();
  expect(readdirSync(directory).sort()).toEqual([1, 2, 3].map((part) => partName(RUN, part)));
  for (const part of [2, 3]) {
    const [first, second] = [...captureRecords(path(part))];
    expect([first!.kind, readRecord("part", first!.payload).roster]).toEqual([KINDS.part, []]);
    expect(textOf(second!)).toBe(part === 2 ? "second" : "third");
  }
});

it("leaves out what a slow disk does not take, within its bound, and marks the gap in a part of its own", async () => {
  const gate = Promise.withResolvers<void>();
  const slow: Disk = {
    ...realDisk,
    create: async (path) => {
      const file = await realDisk.create(path);
      return { ...file, append: (data) => gate.promise.then(() => file.append(data)) };
    },
  };
  const capture = begun({ disk: slow, queue_bytes_max: 1_000 });
  const { log: made, clock, write, path } = capture;
  for (let i = 0; i < 20; i++) {
    made.between(() => STATE);
    write("x".repeat(300));
    clock.advance(1_001);
    expect(made.queued_bytes).toBeLessThan(1_400);
  }
  expect(made.stats.records_lost).toBeGreaterThan(10);
  gate.resolve();
  await settled(capture);
  clock.advance(1_001);
  made.between(() => STATE);
  write("after");
  await settled(capture);
  await made.close();
  const [gap, part, after] = [...captureRecords(path(2))];
  expect([gap!.kind, part!.kind, textOf(after!)]).toEqual([KINDS.gap, KINDS.part, "after"]);
  const { records } = readRecord("gap", gap!.payload);
  expect(records).toBe(made.stats.records_lost);
  expect(read(path(1)).texts.length + records).toBe(20);
});

it("takes nothing while the disk is nearly full, says so, and goes on once there is room", async () => {
  let full: string | undefined = "free space on the disk expected above 256 MiB, was 3 MiB";
  const capture = begun({ refusal: () => full });
  const { log: made, clock, write, path } = capture;
  write("lost");
  await settled(capture);
  expect(made.last_error).toContain("free space");
  expect(made.stats.records_lost).toBe(1);
  expect(existsSync(path(1))).toBe(false);
  full = undefined;
  clock.advance(1_001);
  made.between(() => STATE);
  write("kept");
  await settled(capture);
  expect(made.last_error).toBeUndefined();
  await made.close();
  expect([...captureRecords(path(2))].map(({ kind }) => kind)).toEqual([KINDS.gap, KINDS.part, KINDS.event]);
});

async function folderOf(options: Partial<CaptureFolderOptions>) {
  const directory = mkdtempSync(join(tmpdir(), "foretick-captures-"));
  await mkdir(join(directory, "BTCUSDT"));
  const paths = [1, 2, 3, 4].map((part) => {
    const path = join(directory, "BTCUSDT", partName(RUN, part));
    writeFileSync(path, new Uint8Array(100));
    const changed_s = START_US / 1e6 - (4 - part) * 86_400;
    utimesSync(path, changed_s, changed_s);
    return path;
  });
  const clock = new ManualClock(START_US + 1_000_000);
  const folder = new CaptureFolder({
    ...{
      directory,
      model_dir: directory,
      days: 30,
      bytes_max: 1e9,
      store: undefined,
      disk: realDisk,
      clock,
      log,
    },
    open: () => [],
    ...options,
  });
  const there = (): number[] => [1, 2, 3, 4].filter((part) => existsSync(paths[part - 1]!));
  return { folder, there, paths };
}

it("keeps captures for their days and within their bytes, the oldest going first, never one being written", async () => {
  const old = await folderOf({ days: 2 });
  await old.folder.round();
  expect(old.there()).toEqual([3, 4]);
  const large = await folderOf({ bytes_max: 250 });
  await large.folder.round();
  expect(large.there()).toEqual([3, 4]);
  const open: string[] = [];
  const writing = await folderOf({ bytes_max: 150, open: () => open });
  open.push(writing.paths[0]!);
  await writing.folder.round();
  expect(writing.there()).toEqual([1]);
});

it("copies each finished part to the store once, and removes the old ones also while the store is away", async () => {
  const sent: string[] = [];
  let away = true;
  const store = {
    description: "store",
    copyFile: async (key: string) => {
      if (away) throw new ForetickError("LAKE_STORE", "the store does not answer");
      sent.push(key);
    },
  };
  const { folder, there } = await folderOf({ store, days: 3 });
  await folder.round();
  expect([folder.last_error, there()]).toEqual([expect.stringContaining("does not answer"), [2, 3, 4]]);
  away = false;
  await folder.round();
  await folder.round();
  expect(folder.last_error).toBeUndefined();
  expect(sent).toEqual([2, 3, 4].map((part) => `BTCUSDT/${partName(RUN, part)}`));
});
