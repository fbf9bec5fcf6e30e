/**
 * What happens to a user when something breaks? Each fault of `reliability/faults.ts` is injected into the whole
 * running service, one after the other, and its losses are counted id by id against what the exchange really said.
 *
 *   bun bench/reliability.ts [--only <part of a name>] [--seed 7] [--write]
 *
 * `--write` puts the rows into the table of docs/reliability.md. With TIMESCALE_URL set the record is kept there, else in an
 * embedded PostgreSQL. The peer of every row is the bound the product promises; one missed ends with exit code 1.
 */

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import postgres from "postgres";
import { systemClock } from "../src/base/clock.ts";
import { describeError } from "../src/base/errors.ts";
import { silentLogger } from "../src/base/log.ts";
import { EmbeddedServer } from "../src/record/server/embedded/embedded.ts";
import { machine } from "./peers/measure.ts";
import { benchModels } from "./peers/stage.ts";
import type { Fault } from "./reliability/course.ts";
import { FAULTS } from "./reliability/faults.ts";
import { settled } from "./reliability/settled.ts";
import { SmallDisk } from "./reliability/small_disk.ts";
import { missed, type Row, tableOf, writePage } from "./reliability/table.ts";
import { World } from "./reliability/world.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    seed: { type: "string", default: "7" },
    write: { type: "boolean", default: false },
  },
});

async function measure(fault: Fault, server_url: string, model_dir: string): Promise<Row> {
  const database_url = new URL(server_url);
  database_url.pathname = `/reliability_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
  const admin = postgres(server_url, { max: 1, onnotice: () => {} });
  const name = database_url.pathname.slice(1);
  await admin.unsafe(`create database ${name}`);
  const disk = fault.own_disk ? SmallDisk.mount() : undefined;
  const options = { database_url: database_url.href, model_dir, seed: Number(values.seed), disk };
  const world = new World(fault.environment ? { ...options, environment: fault.environment } : options);
  try {
    if (fault.own_disk && !disk) return { fault, not_run: "this user may not mount a file system here" };
    await world.open();
    await world.start();
    const course = await fault.run(world);
    const account = await settled(world, database_url.href, [course]);
    return { fault, course, account };
  } catch (error) {
    return { fault, failed: describeError(error) };
  } finally {
    await world.close();
    disk?.close();
    await admin.unsafe(`drop database if exists ${name} with (force)`);
    await admin.end({ timeout: 5 });
  }
}

const chosen = FAULTS.filter(({ name }) => name.includes(values.only));
const timescale = process.env.TIMESCALE_URL;
const data_dir = mkdtempSync(join(tmpdir(), "foretick-reliability-"));
const embedded = timescale
  ? undefined
  : await EmbeddedServer.start({ data_dir, clock: systemClock, log: silentLogger });
const rows: Row[] = [];
try {
  const model_dir = await benchModels();
  for (const [at, fault] of chosen.entries()) {
    process.stderr.write(`${at + 1} of ${chosen.length}: ${fault.name}\n`);
    const row = await measure(fault, timescale ?? embedded!.url("postgres"), model_dir);
    rows.push(row);
    process.stderr.write(`${tableOf([row])}\n`);
  }
} finally {
  await embedded?.close();
  rmSync(data_dir, { recursive: true, force: true });
}
const where = `${machine()}; ${timescale ? "TimescaleDB" : "embedded PostgreSQL"}`;
process.stdout.write(`${where}\n\n${tableOf(rows)}\n`);
const names = FAULTS.map(({ name }) => name);
if (values.write) await writePage(rows, names, where);
process.exit(rows.some((row) => missed(row).length > 0) ? 1 : 0);
