/** The captures in a folder: their parts, by symbol and run, in order. One file is a run of one part. */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../../base/errors.ts";
import {
  type CaptureHeader,
  type CaptureRecord,
  captureRecords,
  readCaptureHeader,
} from "../../binance/capture/capture_read.ts";
import { KINDS } from "../../predict/capture/records.ts";
import { partOf } from "../../record/capture/part_name.ts";

export interface TapeRun {
  /** Of its first part here. */
  readonly header: CaptureHeader;
  readonly paths: readonly string[];
  readonly bytes: number;
}

/** @throws ForetickError TAPE_INVALID where there is no capture, one is damaged, or a part is missing between others. */
export function tapeRuns(path: string): TapeRun[] {
  const files = filesOf(path);
  if (files.length === 0)
    fail("TAPE_INVALID", `${path}: expected captures (*.tape), found none; check the path`);
  const runs = new Map<string, { header: CaptureHeader; path: string }[]>();
  for (const file of files) {
    const header = readCaptureHeader(file);
    const name = `${header.symbol} ${header.run}`;
    const parts = runs.get(name) ?? [];
    runs.set(name, [...parts, { header, path: file }]);
  }
  return [...runs.values()].map((parts) => {
    parts.sort((a, b) => a.header.part - b.header.part);
    const first = parts[0]!.header;
    for (const [at, { header, path: found }] of parts.entries()) {
      if (header.part === first.part + at) continue;
      fail("TAPE_INVALID", `${found}: expected part ${first.part + at} of its run before it, is not there`);
    }
    const paths = parts.map((part) => part.path);
    return { header: first, paths, bytes: paths.reduce((sum, one) => sum + statSync(one).size, 0) };
  });
}

function filesOf(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return fail("TAPE_INVALID", `${path}: expected a folder of captures or a tape, is not there`);
  if (!found.isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => partOf(name.split("/").at(-1)!))
    .sort()
    .map((name) => join(path, name));
}

export interface RunRecords {
  /** The next record, and the one after it where a caller looks ahead; undefined at the end. */
  next(): CaptureRecord | undefined;
  peek(): CaptureRecord | undefined;
  /** Bytes of parts read to their ends, and of what is no whole block at the end of the last. */
  readonly bytes_read: number;
  readonly torn_bytes: number;
  close(): void;
}

/** The records of a run, part after part. @throws ForetickError TAPE_INVALID, as it is read. */
export function runRecords({ paths }: TapeRun): RunRecords {
  const state = { bytes_read: 0, torn_bytes: 0 };
  let part = 0;
  let records = captureRecords(paths[0]!);
  let ahead: CaptureRecord | undefined;
  const pull = (): CaptureRecord | undefined => {
    for (;;) {
      const step = records.next();
      if (!step.done) {
        if (state.torn_bytes > 0 && step.value.kind !== KINDS.gap) {
          fail("TAPE_INVALID", `${paths[part - 1]}: its end is damaged, but a part follows it`);
        }
        state.torn_bytes = 0;
        return step.value;
      }
      state.bytes_read += statSync(paths[part]!).size;
      state.torn_bytes = step.value;
      if (part + 1 === paths.length) return undefined;
      part++;
      records = captureRecords(paths[part]!);
    }
  };
  return {
    next: () => {
      const found = ahead ?? pull();
      ahead = undefined;
      return found;
    },
    peek: () => {
      ahead ??= pull();
      return ahead;
    },
    get bytes_read() {
      return state.bytes_read;
    },
    get torn_bytes() {
      return state.torn_bytes;
    },
    close: () => void records.return(0),
  };
}
