/**
 * How much memory does the service take, and does it grow?
 *
 * The service runs as it does live, at a simulated market: once at real speed, once at twenty times that, so
 * that it meets in minutes what it would meet in an hour. Counted is the service's own process; the embedded
 * database's are beside it, by their share of what they have in common (PSS).
 *
 * The peer is an idle process with the same runtime, web framework and database driver, which has answered
 * one request and one query: what any service of this make takes before it does anything.
 *
 *   bun bench/service/memory.ts [--minutes 5] [--fast-minutes 3]
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Hono } from "hono";
import postgres from "postgres";
import { machine, printAim, printTable } from "../peers/measure.ts";
import { memoryMb } from "../peers/memory.ts";
import {
  firstForecast,
  type RunningService,
  startExchange,
  startPart,
  startService,
} from "../peers/processes.ts";

const AIM_MB = 300;
const SAMPLE_EVERY_MS = 1_000;
const FAST = 20;
const ROWS_MAX = 10;

interface Sample {
  readonly minute: number;
  readonly service_mb: number;
  /** The most it has had until then, its start included. */
  readonly service_peak_mb: number;
  readonly database_mb: number;
  readonly idle_mb: number;
}

/** The most a process has had resident since it began, in MB of 10^6. */
function peakMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024) / 1e6;
}

/** A process and all that descend from it. */
function family(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      // The name in brackets may hold anything; the parent is the second word after it.
      const after = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)!;
      parents.set(Number(name), Number(after.split(" ")[1]));
    } catch {
      // It has ended while we looked.
    }
  }
  const members = [pid];
  for (const member of members) {
    for (const [child, parent] of parents) if (parent === member) members.push(child);
  }
  return members;
}

const databasePid = ({ data_dir }: RunningService): number =>
  Number(readFileSync(join(data_dir, "postgres", "postmaster.pid"), "utf8").split("\n")[0]);

/** The peer: does nothing, with the same means. */
async function idle(database_url: string): Promise<void> {
  const sql = postgres(database_url);
  await sql`select 1`;
  const app = new Hono().get("/", (c) => c.text("idle"));
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
  await fetch(`http://127.0.0.1:${server.port}/`);
  console.log("idle");
}

/** The mean over one quarter of the time: 0 the first, 3 the last. */
function quarterMb(samples: readonly Sample[], quarter: number): number {
  const at = (share: number): number => Math.floor((samples.length * share) / 4);
  const part = samples.slice(at(quarter), at(quarter + 1));
  return part.reduce((sum, { service_mb }) => sum + service_mb, 0) / part.length;
}

async function watch(speed: number, minutes: number): Promise<Sample[]> {
  const closers: (() => Promise<void>)[] = [];
  try {
    const exchange = await startExchange(["--simulate", "--speed", String(speed)]);
    closers.push(exchange.close);
    const service = await startService(exchange);
    closers.push(service.close);
    const database_url = readFileSync(join(service.data_dir, "postgres.url"), "utf8").trim();
    const peer = startPart(import.meta.path, ["--idle", database_url]);
    closers.push(peer.close);
    await peer.hears(/idle/);
    await firstForecast(service);
    const begun_ms = performance.now();
    const samples: Sample[] = [];
    for (let minute = 0; minute < minutes; ) {
      await Bun.sleep(SAMPLE_EVERY_MS);
      minute = (performance.now() - begun_ms) / 60_000;
      samples.push({
        minute,
        service_mb: memoryMb(service.pid, "Rss"),
        service_peak_mb: peakMb(service.pid),
        database_mb: family(databasePid(service)).reduce((sum, pid) => sum + memoryMb(pid, "Pss"), 0),
        idle_mb: memoryMb(peer.pid, "Rss"),
      });
    }
    return samples;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** @returns the most the service took. */
function report(name: string, samples: readonly Sample[]): number {
  const step = Math.max(1, Math.ceil(samples.length / ROWS_MAX));
  const shown = samples.filter((_, i) => i % step === 0 || i === samples.length - 1);
  const mb = (value: number): string => value.toFixed(0);
  printTable(
    [`${name}: minute`, "service, MB", "database, MB", "idle peer, MB"],
    shown.map((sample) => [
      sample.minute.toFixed(1),
      ...[sample.service_mb, sample.database_mb, sample.idle_mb].map(mb),
    ]),
  );
  const { service_mb, service_peak_mb, idle_mb } = samples.at(-1)!;
  const quarters = [0, 1, 2, 3].map((quarter) => mb(quarterMb(samples, quarter)));
  console.log(
    `at the end ${(service_mb / idle_mb).toFixed(1)} × the idle peer; at most ${mb(service_peak_mb)} MB, the start included; ${quarters.join(", ")} MB in its quarters\n`,
  );
  return service_peak_mb;
}

const { values } = parseArgs({
  options: { minutes: { type: "string" }, "fast-minutes": { type: "string" }, idle: { type: "string" } },
});
if (values.idle) await idle(values.idle);
else {
  console.log(`resident memory of the service\n${machine()}\n`);
  const real = report("real speed", await watch(1, Number(values.minutes ?? 5)));
  const fast = report(`${FAST} × real speed`, await watch(FAST, Number(values["fast-minutes"] ?? 3)));
  printAim(`resident < ${AIM_MB} MB`, Math.max(real, fast) < AIM_MB);
  process.exit(0);
}
