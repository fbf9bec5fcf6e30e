/** What a backfill says before it begins. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { requireRoom } from "../../../scripts/store/backfill_room.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { DAY_US } from "../../../src/base/units.ts";
import { KnownHistory } from "../../../src/record/backfill/known_history.ts";
import { planBackfill } from "../../../src/record/backfill/plan.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";
import { tempDir } from "../server/temp_dir.ts";
import { FakeArchive, fakeTrades, SYMBOL } from "./fake_archive.ts";
import { Backfiller } from "./world.ts";

const ROOT = join(import.meta.dirname, "../../..");
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

function archiveOf(from_us: number, days: number) {
  const archive = new FakeArchive();
  const filler = new Backfiller(archive.origin);
  closers.push(
    () => filler.close(),
    () => archive.close(),
  );
  archive.publishDays(fakeTrades(from_us, days, 30), from_us, from_us + days * DAY_US);
  return { archive, filler };
}

onEveryServer("the plan of a backfill", (server) => {
  it("counts files and bytes of the days that are wanted, and the room they take, less with bars alone", async () => {
    const from_us = Date.UTC(2025, 2, 1) * 1_000;
    const { archive, filler } = archiveOf(from_us, 3);
    archive.withdraw(from_us + 2 * DAY_US, from_us + 3 * DAY_US);
    const database = await server.openDatabase();
    const first = { symbol: SYMBOL, from_us, to_us: from_us + DAY_US };
    await filler.byArchive(database, "trades", { stretch: first, rest: undefined, check: false });
    const stretch = { ...first, to_us: from_us + 3 * DAY_US };
    const options = { archive: filler.archive, stretch, kind: "trades", keep_files: false } as const;
    const known = new KnownHistory(database);
    const plan = await planBackfill({ ...options, known, bars_only: false });
    expect(plan).toMatchObject({
      days: 3,
      days_known: 1,
      files: [{ name: "BTCUSDT-trades-2025-03-02.zip" }],
      absent: ["BTCUSDT-trades-2025-03-03.zip"],
      download_bytes: plan.copies_bytes,
    });
    expect(plan.download_bytes).toBe(plan.files[0]!.bytes);
    expect(plan.download_bytes).toBeGreaterThan(100);
    const bars = await planBackfill({ ...options, known, bars_only: true });
    expect(bars.database_bytes).toBeLessThan(plan.database_bytes);
    expect(plan.disk_bytes).toBe(plan.copies_bytes + plan.database_bytes + plan.log_bytes);
  });
});

it("is said by --dry-run, of the last days that are published, before anything is created", async () => {
  const now_us = systemClock.now();
  const today_us = now_us - (now_us % DAY_US);
  // Yesterday's file is not there yet.
  const { archive } = archiveOf(today_us - 4 * DAY_US, 3);
  const data_dir = tempDir();
  const child = Bun.spawn([process.execPath, "scripts/backfill.ts", "--days", "2", "--dry-run"], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: process.env.HOME ?? "",
      DATA_DIR: data_dir,
      ARCHIVE_URL: archive.origin,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const said = await new Response(child.stdout).text();
  expect(await child.exited, await new Response(child.stderr).text()).toBe(0);
  const day = (time_us: number): string => new Date(time_us / 1e3).toISOString().slice(0, 10);
  expect(said).toContain(
    `BTCUSDT  ${day(today_us - 3 * DAY_US)} … ${day(today_us - DAY_US)}, 2 days, 0 of them known`,
  );
  expect(said).toMatch(/download 2 files, 1 MB/);
  expect(said).toMatch(/disk {5}about \d+ MB: /);
  expect(said).toMatch(/free {5}.*\nenough/);
  expect(readdirSync(data_dir)).toEqual([]);
});

it("refuses to begin where the disk is too small, with the figures and what would do", async () => {
  const data_dir = join(tempDir(), "not", "made", "yet");
  const room = {
    archive: { size: async () => ({ bytes: 1e15 }) },
    config: { data_dir },
    log: silentLogger,
    wanted: { stretch: { symbol: SYMBOL, from_us: 0, to_us: 2 * DAY_US }, kind: "trades" },
    database_url: undefined,
    bars_only: false,
    keep_files: false,
  } as const;
  const error = await rejection(requireRoom(room, undefined));
  expect(error).toMatchObject({ code: "CONFIG_INVALID" });
  expect(error.message).toContain("download 2 files, 2000000.0 GB");
  expect(error.message).toMatch(
    /TOO LITTLE\nKeep the bars alone with --bars-only, ask for fewer --days, or free space/,
  );
  expect(existsSync(data_dir)).toBe(false);
});
