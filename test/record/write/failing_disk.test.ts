/** What the writer does while the database is away and the disk fails too. */

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock as clock, ManualClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { micros } from "../../../src/base/units.ts";
import type { ConnectOptions } from "../../../src/record/database.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { Writer, type WriterOptions } from "../../../src/record/write/writer.ts";
import { met } from "../../met.ts";
import { predictionAt, START_US, tradeAt, vectorAt } from "../market_events.ts";
import { tempDir } from "../server/temp_dir.ts";
import { diskFull, FaultyDisk } from "./faulty_disk.ts";
import { logLines } from "./log_lines.ts";

describe("write-ahead on a disk that fails", () => {
  let data_dir = "";
  let manual = new ManualClock(START_US);
  const writers: Writer[] = [];
  beforeEach(() => {
    data_dir = tempDir();
    manual = new ManualClock(START_US);
  });
  afterEach(async () => {
    for (const writer of writers.splice(0)) await closed(writer);
    rmSync(data_dir, { recursive: true, force: true });
  });

  /** Resolves once `writer` has closed, however long that takes on its clock. */
  async function closed(writer: Writer): Promise<void> {
    let done = false;
    void writer.close().finally(() => {
      done = true;
    });
    await met("what is asked of the writer", () => {
      manual.advance(100);
      return done;
    });
  }

  /** A writer whose database never answers. */
  function cutOff(options: Partial<WriterOptions>, at = data_dir): Writer {
    const connect = (settings?: ConnectOptions) =>
      connectTo("postgres://none@127.0.0.1:1/none", { ...settings, connections: 1 });
    const writer = new Writer({
      ...{ database: { connect, data_dir: at }, clock, log: silentLogger, close_ms: 10 },
      ...options,
    });
    writers.push(writer);
    return writer;
  }

  it("has a prediction on disk within a tenth of a second of its being given, and a fsync's time", async () => {
    const disk = new FaultyDisk();
    const writer = cutOff({ clock: manual, disk });
    for (let sec = 0; sec < 5; sec++) {
      writer.prediction(predictionAt(sec));
      expect(LIMITS.shown_ahead_after_ms).toBeLessThan(100);
      manual.advance(100);
      await met("what is asked of the writer", () => writer.stats.queue_rows_unsafe === 0);
      expect(writer.stats.journal_bytes).toBeGreaterThan(100 * sec);
      manual.advance(50);
    }
    expect(writer.stats.queue_rows).toBe(5);
    // Other rows may wait for the database a little longer.
    writer.features(vectorAt(1, [1]), micros(START_US));
    manual.advance(LIMITS.write_ahead_after_ms);
    await met("what is asked of the writer", () => {
      manual.advance(10);
      return writer.stats.queue_rows_unsafe === 0;
    });
    manual.advance(10_000);
  });

  it("says a fault once, tries again with growing pauses, and has everything on disk when it has passed", async () => {
    const { log, errors, lines } = logLines();
    const disk = new FaultyDisk();
    disk.torn_bytes = 100;
    let failing = true;
    disk.fault = (call) => (failing && call === "append" ? diskFull() : undefined);
    const writer = cutOff({ clock: manual, disk, log });
    for (let i = 0; i < 30_000; i++) writer.trade(tradeAt(i), false);
    for (let ms = 0; ms < 60_000; ms += 100) {
      manual.advance(100);
      await disk.quiet();
    }
    expect(writer.stats.journal.fault?.message).toContain("Free space");
    expect(writer.stats.queue_rows_unsafe).toBe(30_000);
    expect(errors()).toHaveLength(1);
    // Not a row, nor a batch, at a time.
    expect(disk.calls.append).toBeGreaterThan(3);
    expect(disk.calls.append).toBeLessThan(30);
    failing = false;
    await met("the rows on disk", async () => {
      manual.advance(100);
      await disk.quiet();
      return writer.stats.queue_rows_unsafe === 0;
    });
    expect(writer.stats.journal.fault).toBeUndefined();
    expect(lines.filter(({ msg }) => msg === "the journal is written again")).toHaveLength(1);
    manual.advance(60_000);
  });

  it("names a disk that does not answer, and holds up neither the producer nor the end", async () => {
    const { log, errors } = logLines();
    const disk = new FaultyDisk();
    disk.hangs.add("sync");
    const writer = cutOff({ clock: manual, disk, log });
    writer.prediction(predictionAt(1));
    await met("what is asked of the writer", () => {
      manual.advance(100);
      return writer.stats.journal.fault !== undefined;
    });
    expect(writer.stats.journal.fault?.message).toContain("syncing the journal");
    for (let i = 0; i < 1_000; i++) writer.trade(tradeAt(i), false);
    await closed(writer);
    expect(errors().at(-1)).toContain("rows are lost");
    expect(writer.stats.queue_rows_unsafe).toBe(1_001);
  });

  it("bounds the journal in total: bulk rows stop short of what is left to the small ones, and are lost by count", async () => {
    const { log, errors } = logLines();
    const disk = new FaultyDisk();
    const [bound, fifteenth] = [1 << 20, 15 / 16];
    const writer = cutOff({
      ...{ clock: manual, disk, log, space: { journal_bytes_max: bound } },
      ...{ queue_rows_max: 5_000, batch_rows_max: 500, ahead_after_ms: 50 },
    });
    for (let i = 0; i < 60_000; i++) {
      writer.trade(tradeAt(i), false);
      if (i % 500 !== 499) continue;
      manual.advance(100);
      await disk.quiet();
    }
    // A group that was begun within the bound is written whole.
    const group_bytes = 500 * 200;
    const { bytes } = writer.stats.journal;
    expect(writer.stats.journal.disk).toBe("full");
    expect(bytes).toBeGreaterThan(bound * fifteenth - group_bytes);
    expect(bytes).toBeLessThan(bound * fifteenth + group_bytes);
    expect(writer.stats.lost.trades).toBeGreaterThan(10_000);
    expect(errors()).toHaveLength(1);
    for (let sec = 0; sec < 10; sec++) writer.prediction(predictionAt(sec));
    await met("the predictions on disk", async () => {
      manual.advance(100);
      await disk.quiet();
      return writer.stats.shown_rows_unsafe === 0;
    });
    expect(writer.stats.journal.bytes).toBeGreaterThan(bytes);
    expect(writer.stats.lost.predictions).toBe(0);
    for (const one of writers.splice(0)) await closed(one);
  });

  it("counts what does not fit on a real, tiny disk, and keeps what does", async () => {
    const mount = join(data_dir, "tiny");
    mkdirSync(mount);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "none", mount], { stdio: "pipe" });
    } catch (error) {
      console.warn(`SKIPPED: the tiny disk: mounting a tmpfs needs root (${String(error).split("\n")[0]})`);
      return;
    }
    try {
      const { log, errors } = logLines();
      const space = { free_low_bytes: 1 << 20, free_min_bytes: 1 };
      const writer = cutOff(
        { log, space, ahead_after_ms: 10, queue_rows_max: 5_000, batch_rows_max: 500 },
        mount,
      );
      let given = 0;
      for (let more = 30_000; more > 0; given++) {
        writer.trade(tradeAt(given), false);
        if (given % 100 === 99) await new Promise((resume) => setTimeout(resume, 1));
        if (writer.stats.journal.fault) more--;
      }
      expect(writer.stats.journal.fault?.message).toContain("ENOSPC");
      const { rows_lost, rows_spilled, queue_rows } = writer.stats;
      expect(rows_lost).toBeGreaterThan(10_000);
      expect(rows_spilled).toBeGreaterThan(5_000);
      expect(rows_lost + rows_spilled + queue_rows).toBe(given);
      expect(errors().length).toBeLessThan(10);
    } finally {
      for (const writer of writers.splice(0)) await closed(writer);
      execFileSync("umount", ["-l", mount]);
    }
  });
});
