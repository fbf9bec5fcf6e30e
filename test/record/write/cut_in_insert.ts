/** A change whose connection is cut while it inserts: what it had done before in the same transaction must go with it. */

import type { Sql } from "postgres";
import type { Database } from "../../../src/record/database.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { refusal } from "../../base/rejection.ts";
import { met } from "../../met.ts";
import { FlakyWire } from "./flaky_wire.ts";

const LOCK = 424_242;

/** Runs `change` on a connection that is cut as soon as it waits in an insert into `table`. @returns the code it is refused with. */
export async function cutInInsert(
  database: Database,
  table: string,
  change: (sql: Sql) => Promise<unknown>,
): Promise<string> {
  const { sql } = database;
  await sql.unsafe(`
    create or replace function held() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock(${LOCK});
      return new;
    end $$;
    create trigger held before insert on ${table} for each row execute function held()`);
  const wire = new FlakyWire(database.url);
  await wire.mend();
  const through = connectTo(wire.url);
  const holder = database.connect({ connections: 1 });
  try {
    await holder`select pg_advisory_lock(${LOCK})`;
    const refused = refusal(change(through));
    await met("the insert", async () => {
      const waiting = await sql`
        select from pg_locks where locktype = 'advisory' and objid = ${LOCK} and not granted`;
      return waiting.count === 1;
    });
    await wire.cut();
    return (await refused).code;
  } finally {
    await holder.end({ timeout: 1 });
    await through.end({ timeout: 0 });
    await wire.cut();
    // Once the server has noticed, nothing waits any more.
    await met("the end of what was cut", async () => {
      const left = await sql`select from pg_locks where locktype = 'advisory' and objid = ${LOCK}`;
      return left.count === 0;
    });
    await sql.unsafe(`drop trigger held on ${table}`);
  }
}
