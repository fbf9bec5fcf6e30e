/** A backup taken while rows come is of one instant, whole or refused; restored anywhere it goes on, the features equal to the bit. */

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { startOf } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { verifyAudit } from "../../../src/record/audit/audit.ts";
import { takeBackup } from "../../../src/record/backup/backup.ts";
import { checkBackup } from "../../../src/record/backup/check.ts";
import { flow, Tally } from "../../../src/record/backup/files.ts";
import { restoreBackup } from "../../../src/record/backup/restore.ts";
import { Refresher } from "../../../src/record/bars/refresher.ts";
import { connectDatabase, type Database } from "../../../src/record/database.ts";
import { DatabaseLink } from "../../../src/record/link.ts";
import { compareSpan } from "../../../src/record/parity/parity.ts";
import { installFeatureFunctions } from "../../../src/record/sql/install/feature_functions.ts";
import { rejection } from "../../base/rejection.ts";
import { FIRST_SEC, LiveMarket } from "../live_market.ts";
import { onEveryServer, type ServerUnderTest } from "../server/servers.ts";
import { tempDir } from "../server/temp_dir.ts";

const SECONDS = 420;
const SYMBOL = "BACKUSDT";
const SPAN = {
  symbol: SYMBOL,
  set: v1,
  from_us: startOf(FIRST_SEC + 10),
  to_us: startOf(FIRST_SEC + SECONDS - 5),
};
const clock = systemClock;

/** A row of a table that is read early, and one of a table that is read late, or neither. */
const pair = (sql: Database["sql"]) =>
  sql`
    with one as (insert into alert_events (kind, summary) values ('drift', 'a test'))
    insert into raw_drops (symbol, source, from_ts, to_ts) values ('PAIR', 'trades', now() - interval '1 day', now())`;

/** Every bit of every vector, by the SQL functions of the database. */
async function vectorsBySql({ sql }: Database): Promise<unknown> {
  const rows = await sql.unsafe(
    `select md5(string_agg(f::text, '|' order by f.ts)) as all, count(*)::int as n
    from features_v1($1, at_sec($2::bigint), at_sec($3::bigint)) as f`,
    [SYMBOL, String(FIRST_SEC + 10), String(FIRST_SEC + SECONDS - 5)],
  );
  return { ...rows[0] };
}

onEveryServer("a backup", (server: ServerUnderTest) => {
  let database: Database;
  let live: LiveMarket;
  let root = "";
  const links: DatabaseLink[] = [];

  beforeAll(async () => {
    root = tempDir();
    mkdirSync(join(root, "models/some-ridge"), { recursive: true });
    writeFileSync(join(root, "models/some-ridge/manifest.json"), '{"name": "some"}');
    writeFileSync(join(root, "models/.search-mlp.json"), "{}");
    database = await server.openDatabase();
    await installFeatureFunctions(database.sql, [v1], log);
    live = new LiveMarket(database, { symbol: SYMBOL, seconds: SECONDS + 60, seed: 11, sets: [v1] });
    await live.through(FIRST_SEC + SECONDS);
    await live.writer.flush();
    await database.sql`select audit_append('a test', 'something.done', 'here', '{}')`;
    await database.sql`
      insert into api_keys (key_id, sha256, role, name, created_by)
      values ('abcdefghij', ${"0".repeat(64)}, 'viewer', 'a key', 'a test')`;
    await database.sql`
      insert into leases (symbol, fence, holder, told, taken_at, expires_at)
      values (${SYMBOL}, 7, 'gone', 'gone, process 1', now(), now() + interval '1 second')`;
  });
  afterEach(async () => {
    for (const link of links.splice(0)) await link.close();
  });
  afterAll(async () => {
    await live?.close();
    rmSync(root, { recursive: true, force: true });
  });

  const take = (name: string, source = database) =>
    takeBackup({ database: source, model_dir: join(root, "models"), folder: join(root, name), clock });

  /** Into a database of `url`, or an embedded one that this makes. */
  async function restored(name: string, url?: string, overwrite = false): Promise<Database> {
    const data_dir = tempDir();
    const link = new DatabaseLink({ url, data_dir, log, clock });
    links.push(link);
    await restoreBackup({ link, model_dir: join(data_dir, "models"), folder: join(root, name), overwrite });
    expect(readdirSync(join(data_dir, "models"))).toEqual(["some-ridge"]);
    return connectDatabase(link);
  }

  async function requireSame(other: Database): Promise<void> {
    const bars = new Refresher({ database, clock, log });
    await bars.through(SPAN);
    await bars.close();
    expect(await vectorsBySql(other)).toEqual(await vectorsBySql(database));
    expect(await vectorsBySql(other)).toMatchObject({ n: SECONDS - 15 });
    const own = new Refresher({ database: other, clock, log });
    const report = await compareSpan({
      sql: other.sql,
      bars: own,
      span: SPAN,
      monotonicUs: clock.monotonicUs,
    });
    await own.close();
    expect(report.rows_unexplained).toBe(0);
    expect(report.rows_compared).toBeGreaterThan(SECONDS - 30);
    expect(await verifyAudit(other.sql)).toEqual(await verifyAudit(database.sql));
    // It goes on: numbers, triggers and the order of who leads.
    await pair(other.sql);
    const [next] = await other.sql`select count(*) = max(event_id) as goes_on from alert_events`;
    expect(next).toEqual({ goes_on: true });
    const [lease] = await other.sql`select fence > 1000006 as above, expires_at <= now() as over from leases`;
    expect(lease).toEqual({ above: true, over: true });
    expect(await rejection(Promise.resolve(other.sql`update audit set actor = 'x'`))).toMatchObject({
      message: expect.stringContaining("only added to"),
    });
  }

  it("has every table that the database has", async () => {
    const manifest = await take("tables");
    const rows = await database.sql<{ name: string }[]>`
      select relname as name
      from pg_class
      where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and relname <> 'foretick_migrations'
      order by 1`;
    expect(manifest.tables.map(({ name }) => name).sort()).toEqual(rows.map(({ name }) => name));
    expect(manifest.models.map(({ path }) => path)).toEqual(["models/some-ridge/manifest.json"]);
  });

  it("is of one instant while rows come, and is restored to the bit into an embedded database", async () => {
    let done = false;
    const writing = (async () => {
      while (!done) await pair(database.sql);
    })();
    await take("live").finally(() => {
      done = true;
    });
    await writing;
    const other = await restored("live");
    const [rows] = await other.sql`
      select (select count(*)::int from alert_events) as first, (select count(*)::int from raw_drops) as last`;
    expect(rows!.first).toBeGreaterThan(0);
    expect(rows!.last).toBe(rows!.first);
    await requireSame(other);
    await take("of embedded", other);
    await other.close();
  });

  it("of an embedded database is restored into this server, and none a second time but where it is told to", async () => {
    const url = await server.emptyDatabase();
    const other = await restored("of embedded", url);
    await requireSame(other);
    expect(await rejection(restored("live", url))).toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringMatching(/expected to be empty, has rows in \w+\..*--overwrite/),
    });
    await (await restored("live", url, true)).close();
    await requireSame(other);
    await other.sql`update leases set expires_at = now() + interval '1 hour'`;
    expect(await rejection(restored("live", url, true))).toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringContaining("gone, process 1 runs there"),
    });
    await other.close();
  });

  it("that is torn or altered is refused by the name of the file, before anything is made", async () => {
    const { tables } = await take("whole");
    const trades = tables.find(({ name }) => name === "trades")!.file;
    const damages: [name: string, damage: (folder: string) => void, says: RegExp][] = [
      [
        "torn",
        (folder) => truncateSync(join(folder, trades.path), trades.bytes - 1),
        /trades\.copy\.zst .*torn/,
      ],
      [
        "altered",
        (folder) => {
          const bytes = readFileSync(join(folder, trades.path));
          bytes[trades.bytes >> 1]! ^= 1;
          writeFileSync(join(folder, trades.path), bytes);
        },
        /trades\.copy\.zst expected as it was written, was altered/,
      ],
      ["gone", (folder) => rmSync(join(folder, trades.path)), /trades\.copy\.zst expected to be there/],
      [
        "more",
        (folder) => writeFileSync(join(folder, "models/more"), ""),
        /models\/more expected in the manifest/,
      ],
      [
        "edited",
        (folder) => {
          const path = join(folder, "manifest.json");
          writeFileSync(path, readFileSync(path, "utf8").replace(`"rows": ${tables[0]!.rows}`, '"rows": 99'));
        },
        /manifest\.json expected as it was written, was altered/,
      ],
      ["unfinished", (folder) => rmSync(join(folder, "manifest.json")), /manifest\.json .*not finished/],
    ];
    const data_dir = tempDir();
    for (const [name, damage, says] of damages) {
      const folder = join(root, name);
      cpSync(join(root, "whole"), folder, { recursive: true });
      damage(folder);
      const link = new DatabaseLink({ data_dir, log, clock });
      expect(
        await rejection(restoreBackup({ link, model_dir: join(data_dir, "models"), folder })),
      ).toMatchObject({
        code: "BACKUP_INVALID",
        message: expect.stringMatching(says),
      });
      await link.close();
    }
    expect(readdirSync(data_dir)).toEqual([]);
    expect((await checkBackup({ folder: join(root, "whole"), clock })).tables).toEqual(tables);
    rmSync(data_dir, { recursive: true, force: true });
  });

  it("does not write over one that is there, and leaves nothing where it is broken off", async () => {
    await take("first");
    expect(await rejection(take("first"))).toMatchObject({ code: "CONFIG_INVALID" });
    const broken = takeBackup({
      ...{ database, model_dir: join(root, "models"), folder: join(root, "broken"), clock },
      onProgress: () => {
        throw new RangeError("broken off");
      },
    });
    expect(await rejection(broken)).toMatchObject({ message: expect.stringContaining("broken off") });
    expect(readdirSync(root).filter((name) => name.startsWith("broken"))).toEqual([]);
  });
});

it("a file that stands still is given up after its limit", async () => {
  const manual = new ManualClock(startOf(FIRST_SEC));
  const { Readable } = await import("node:stream");
  const tally = new Tally();
  tally.resume();
  const waiting = rejection(flow(manual, "tables/trades", tally, [new Readable({ read: () => {} }), tally]));
  manual.advance(130_000);
  manual.advance(130_000);
  expect(await waiting).toMatchObject({
    code: "DEADLINE",
    message: expect.stringContaining("tables/trades"),
  });
});
