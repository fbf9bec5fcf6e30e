/** `bun run jobs`, as a person uses it. */

import { expect, it } from "vitest";
import { jobsCommand } from "../../../scripts/store/commands/jobs.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { installQueue } from "../../../src/record/training/queue.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";

onEveryServer("bun run jobs", (server) => {
  it("adds, lists, shows and cancels, and says in a sentence what was wrong", async () => {
    const database = await server.openDatabase();
    const jobs = (...words: string[]) =>
      jobsCommand(words, { DATABASE_URL: database.url, SYMBOLS: "ETHUSDT" });
    expect(await jobs("list")).toEqual(['no training was asked for: "bun run jobs add"']);
    const [added] = await jobs("add", "--model", "ridge,mlp", "--days", "3", "--by", "anna");
    const job_id = /^a training of ETHUSDT is queued: (\S+)$/.exec(added!)![1]!;
    expect((await jobs("add"))[0]).toContain(`is waiting already: ${job_id}`);
    expect((await jobs("list")).join("\n")).toMatch(
      new RegExp(`${job_id} +ETHUSDT +person +waiting .* anna`),
    );
    expect(await jobs("list", "--symbol", "BTCUSDT")).toHaveLength(1);
    expect((await jobs("show", job_id)).join("\n")).toContain('{"days":3,"models":["ridge","mlp"]}');
    expect(await jobs("cancel", job_id)).toEqual([`${job_id} is cancelled`]);
    expect(await jobs("cancel", job_id)).toEqual([`${job_id} had ended already`]);
    expect(await rejection(jobs("show"))).toMatchObject({ code: "CONFIG_INVALID" });
    expect(await rejection(jobs("show", "nobody"))).toMatchObject({ code: "NOT_FOUND" });
  });

  it("the queue is laid out once, by its owner, beside the tables", async () => {
    const database = await server.openDatabase();
    const { url, sql } = database;
    for (let time = 0; time < 2; time++) {
      await installQueue({ url, sql, clock: systemClock, log: silentLogger });
    }
    const queues =
      await sql`select name, policy from foretick_queue.queue where name like 'training%' order by name`;
    expect(queues.map(({ name, policy }) => `${name} ${policy}`)).toEqual([
      "training_schedules standard",
      "trainings singleton",
    ]);
  });
});
