import postgres, { type Sql } from "postgres";
import { afterEach, describe, expect, it } from "vitest";
import { asked } from "../../../src/record/sql/asked.ts";
import { codeOf } from "../../../src/record/sql/store_errors.ts";
import { inTransaction } from "../../../src/record/sql/transaction.ts";
import { rejection } from "../../base/rejection.ts";
import { ownDatabase } from "../server/prepared.ts";
import { FlakyWire } from "../write/flaky_wire.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function open(): Promise<{ sql: Sql; wire: FlakyWire }> {
  const database = await ownDatabase();
  cleanups.push(() => database.close());
  const wire = new FlakyWire(database.url);
  await wire.mend();
  cleanups.push(() => wire.cut());
  const sql = postgres(wire.url, { max: 1, onnotice: () => {} });
  cleanups.push(() => sql.end({ timeout: 0 }));
  await sql`create temporary table told (word text)`;
  return { sql, wire };
}

const words = async (sql: Sql): Promise<string[]> =>
  (await sql<{ word: string }[]>`select word from told order by word`).map(({ word }) => word);

describe("a transaction", () => {
  it("keeps what it did once it has ended, and nothing of it where it fails", async () => {
    const { sql } = await open();
    const kept = await inTransaction(sql, async (own) => {
      await own`insert into told values ('kept')`;
      return "kept";
    });
    expect(kept).toBe("kept");
    const failure = await rejection(
      inTransaction(sql, async (own) => {
        await own`insert into told values ('lost')`;
        throw new Error("no more");
      }),
    );
    expect(failure).toEqual(new Error("no more"));
    expect(await words(sql)).toEqual(["kept"]);
  });

  it("says so where its connection is cut in it, and the process and the next transaction go on", async () => {
    const { sql, wire } = await open();
    const cut = inTransaction(sql, async (own) => {
      await own`select 1`;
      await wire.cut();
      await own`select 2`;
    });
    expect(codeOf(await rejection(cut))).toBe("CONNECTION_CLOSED");
    await wire.mend();
    const asked_in_it = inTransaction(sql, async (own) => {
      await asked(own`select 1`);
      await wire.cut();
      await inTransaction(own as unknown as Sql, async (part) => await asked(part`select 2`));
    });
    expect(codeOf(await rejection(asked_in_it))).toBe("CONNECTION_CLOSED");
    // The driver would write its rollback in the next turn of the event loop.
    for (let turn = 0; turn < 3; turn++) await new Promise((done) => setImmediate(done));
    await wire.mend();
    expect(await inTransaction(sql, async (own) => (await own<{ n: number }[]>`select 3 as n`)[0]!.n)).toBe(
      3,
    );
  });
});
