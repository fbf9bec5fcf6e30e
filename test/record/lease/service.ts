/**
 * A service reduced to its lease and its writer, as a process of its own: takes the lease of BTCUSDT, then writes a
 * trade every 10 ms, whose quantity says who wrote it. Tells what happens as lines of JSON.
 *
 *   bun test/record/lease/service.ts <url> <data_dir> <quantity> <first trade id> <wait | refuse>
 */

import { systemClock as clock } from "../../../src/base/clock.ts";
import { describeError } from "../../../src/base/errors.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { qtyE8, tradeId } from "../../../src/base/units.ts";
import { holderOf } from "../../../src/record/lease/holder.ts";
import { Lease } from "../../../src/record/lease/lease.ts";
import { DatabaseLink } from "../../../src/record/link.ts";
import { Writer } from "../../../src/record/write/writer.ts";
import { tradeAt } from "../market_events.ts";

const [url, data_dir, quantity, first_id, second] = process.argv.slice(2);
const tell = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

const link = new DatabaseLink({ url, data_dir: data_dir!, log, clock });
const database = { connect: link.connect.bind(link), data_dir: link.data_dir };
const lease = new Lease({
  ...{ database, symbols: ["BTCUSDT"], holder: holderOf(link.data_dir), clock, log },
  second: second as "wait" | "refuse",
  onLost: (error) => {
    tell({ ...writer?.stats, lost: error.message });
    process.exit(1);
  },
});
let writer: Writer | undefined;
process.on("SIGTERM", async () => {
  await writer?.close();
  await lease.close();
  await link.close();
  process.exit(0);
});

try {
  tell({ state: lease.status.state });
  await lease.take();
} catch (error) {
  tell({ refused: describeError(error) });
  process.exit(2);
}
tell({ state: lease.status.state, fences: lease.fences() });
writer = new Writer({ database, clock, log, fences: () => lease.fences(), flush_interval_ms: 20 });
for (let i = 0; ; i++) {
  const trade = tradeAt(Number(first_id) + i);
  writer.trade({ ...trade, trade_id: tradeId(Number(first_id) + i), qty_e8: qtyE8(Number(quantity)) }, false);
  await new Promise((resolve) => setTimeout(resolve, 10));
}
