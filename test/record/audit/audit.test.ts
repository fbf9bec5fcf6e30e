/** The audit: written with the change or not at all, never rewritten, and what is altered or missing is named. */

import { beforeAll, expect, it } from "vitest";
import { micros, modelVersion, US_PER_SEC } from "../../../src/base/units.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import { createKey, keyIdOf, revokeKey, storedKeys } from "../../../src/record/access/api_keys.ts";
import { silenceRule } from "../../../src/record/alerts/alert_rows.ts";
import { appendAudit, newestAudit, verifyAudit } from "../../../src/record/audit/audit.ts";
import type { Database } from "../../../src/record/database.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import { requestTraining } from "../../../src/record/training/request.ts";
import { codeOf, rejection } from "../../base/rejection.ts";
import { freshFolder, sampleContents } from "../../model/sample.ts";
import { onEveryServer } from "../server/servers.ts";

const ANNA = { actor: "anna" };

onEveryServer("the audit", (server) => {
  let database: Database;
  beforeAll(async () => {
    database = await server.openDatabase();
  });

  const told = async (limit = 1) =>
    (await newestAudit(database.sql, limit)).map(({ actor, action, target }) => [actor, action, target]);

  /** Runs `sql` past the triggers, as somebody who owns the tables could. */
  async function tamper(run: (sql: Database["sql"]) => Promise<unknown>): Promise<void> {
    await database.sql`alter table audit disable trigger user`;
    await run(database.sql);
    await database.sql`alter table audit enable trigger user`;
  }

  it("has a row for each change that a person or a job asks for, by whom", async () => {
    const { sql } = database;
    const model_dir = await freshFolder();
    const registry = new Registry({ sql, model_dir, sets: FEATURE_SETS, store: undefined });
    const dir = await writeBundle(model_dir, sampleContents());
    const { version } = await registry.register(ANNA, { dir });
    expect(await told()).toEqual([["anna", "models.register", version]]);
    await registry.promote(ANNA, { version, reason: "good" });
    expect(await told()).toEqual([["anna", "models.promote", modelVersion(version)]]);
    await requestTraining(sql, { symbol: "BTCUSDT", reason: "person", actor: "bob" });
    expect(await told()).toEqual([["bob", "training.request", "BTCUSDT"]]);
    await silenceRule(sql, "drift", 60, "carol");
    expect(await told()).toEqual([["carol", "alerts.silence", "drift"]]);
    const key = await createKey(sql, ANNA, { role: "operator", name: "ci" });
    const key_id = keyIdOf(key)!;
    expect(await told()).toEqual([["anna", "keys.create", key_id]]);
    expect(await revokeKey(sql, { actor: "dora" }, key_id)).toBe(true);
    expect(await told()).toEqual([["dora", "keys.revoke", key_id]]);
    expect(await revokeKey(sql, ANNA, key_id)).toBe(false);
    expect(await told()).toEqual([["dora", "keys.revoke", key_id]]);
    expect(await codeOf(revokeKey(sql, ANNA, "nosuchkey0"))).toBe("NOT_FOUND");
    const all = JSON.stringify(await newestAudit(sql, 100));
    expect(all).not.toContain(key);
    expect(JSON.stringify(await storedKeys(sql))).not.toContain(key);
    expect((await verifyAudit(sql)).faults).toEqual([]);
  });

  it("takes back with a change the row that tells of it", async () => {
    const before = await verifyAudit(database.sql);
    const failed = database.sql.begin(async (sql) => {
      await sql`insert into alert_silences (rule, until, silenced_by) values ('late', now(), 'eve')`;
      throw new Error("not after all");
    });
    expect(String(await rejection(failed))).toContain("not after all");
    expect((await verifyAudit(database.sql)).head).toEqual(before.head);
  });

  it("keeps one order where many change something at once", async () => {
    const before = await verifyAudit(database.sql);
    const expires_us = micros(2_000_000_000 * US_PER_SEC);
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        createKey(database.sql, ANNA, { role: "viewer", name: `${n}`, expires_us }),
      ),
    );
    const { rows, faults, head } = await verifyAudit(database.sql, before.head);
    expect(faults).toEqual([]);
    expect(rows).toBe(before.rows + 20);
    expect(head.seq).toBe(rows);
  });

  it("refuses to change, delete or empty what was written", async () => {
    const { sql } = database;
    const tried = [
      sql`update audit set actor = 'nobody' where seq = 1`,
      sql`delete from audit where seq = 1`,
      sql`truncate audit`,
      sql`delete from audit_head`,
    ];
    for (const one of tried) expect(String(await rejection(one))).toContain("is refused");
  });

  it("names a row that was altered, made anew or taken away, at the end too", async () => {
    const { sql } = database;
    await appendAudit(
      sql,
      Array.from({ length: 5 }, (_, n) => ({
        ...{ actor: "anonymous", action: "refused", target: "POST /x" },
        details: { code: "FORBIDDEN", count: n + 1 },
      })),
    );
    const { rows: n, head } = await verifyAudit(sql);
    await tamper((own) => own`update audit set actor = 'mallory' where seq = ${n - 3}`);
    expect((await verifyAudit(sql)).faults).toEqual([`row ${n - 3} was altered`]);
    // With a hash of its own that fits, the next one gives it away.
    await tamper(
      (own) => own`
        update audit
        set hash = encode(sha256(convert_to(prev_hash || audit_text(seq, at, actor, action, target, details), 'UTF8')), 'hex')
        where seq = ${n - 3}`,
    );
    expect((await verifyAudit(sql)).faults).toEqual([
      `row ${n - 2} does not follow row ${n - 3} as it is now`,
    ]);
    await tamper((own) => own`delete from audit where seq = ${n - 3}`);
    expect((await verifyAudit(sql)).faults).toEqual([`row ${n - 3} is missing`]);
    await tamper((own) => own`delete from audit where seq >= ${n - 1}`);
    expect((await verifyAudit(sql)).faults).toEqual([
      `row ${n - 3} is missing`,
      `rows ${n - 1} to ${n} are missing`,
    ]);
    expect((await verifyAudit(sql, head)).faults.at(-1)).toBe(`row ${n}, whose hash was given, is missing`);
  });
});
