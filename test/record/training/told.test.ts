/** A training that fails is told to the alerts of the service, and so is one that ends well after it. */

import { expect, it } from "vitest";
import { waitingEvents } from "../../../src/record/alerts/alert_rows.ts";
import { endJob } from "../../../src/record/training/job_changes.ts";
import { trainingJob } from "../../../src/record/training/jobs.ts";
import { requestTraining } from "../../../src/record/training/request.ts";
import { onEveryServer } from "../server/servers.ts";

onEveryServer("the end of a training", (server) => {
  it("is an event where it failed, and where one has come to its end after a failure; nothing else is", async () => {
    const { sql } = await server.openDatabase();
    const end = async (status: "finished" | "failed" | "cancelled", problem?: string): Promise<string> => {
      const { job_id } = await requestTraining(sql, { symbol: "BTCUSDT", reason: "person" });
      const { attempt } = await trainingJob(sql, job_id);
      expect(await endJob(sql, { job_id, attempt }, { status, problem })).toBe(true);
      expect(await endJob(sql, { job_id, attempt }, { status: "failed" })).toBe(false);
      return job_id;
    };
    await end("finished");
    await end("cancelled");
    expect(await waitingEvents(sql, ["BTCUSDT"])).toEqual([]);
    const failed = await end("failed", "too few rows");
    const well = await end("finished");
    const events = await waitingEvents(sql, ["BTCUSDT"]);
    expect(events.map(({ event }) => event)).toEqual([
      {
        ...{ kind: "training_failed", symbol: "BTCUSDT", is_over: false },
        summary: `a training (${failed}) failed: too few rows`,
        evidence: { job_id: failed, reason: "person" },
      },
      expect.objectContaining({ is_over: true, summary: `a training (${well}) finished` }),
    ]);
  });
});
