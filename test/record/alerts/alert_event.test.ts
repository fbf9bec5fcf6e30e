/** Events for the alerts of the service from other processes. */

import { expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { tellAlerts } from "../../../src/record/alerts/alert_event.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";

const SUMMARY = "the champion was returned to ridge/1 after its error doubled";

onEveryServer("an event of another process", (server) => {
  it("waits in its table, its sentence cut to what an alert holds", async () => {
    const { sql } = await server.openDatabase();
    const evidence = { version: "ridge/2", error_ratio: 2.1 };
    await tellAlerts(sql, { kind: "rollback", symbol: "BTCUSDT", summary: SUMMARY, evidence });
    await tellAlerts(sql, { kind: "training_failed", summary: "x".repeat(9_999), is_over: true });
    const rows = await sql`
      select kind, symbol, is_over, summary, evidence, taken_at from alert_events order by event_id`;
    expect(rows).toMatchObject([
      { kind: "rollback", symbol: "BTCUSDT", is_over: false, summary: SUMMARY, evidence, taken_at: null },
      { kind: "training_failed", symbol: null, is_over: true },
    ]);
    expect(rows[1]!.summary.length).toBe(LIMITS.alert_summary_chars_max);
    const bad = await rejection(tellAlerts(sql, { kind: "drift", symbol: "", summary: SUMMARY }));
    expect(bad).toMatchObject({ code: "REQUEST_INVALID", message: expect.stringContaining("symbol") });
  });
});
