/** A symbol whose numbers cannot be kept is refused when the service starts, in one sentence. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { requireServable } from "../../../src/binance/rest/servable.ts";
import { startPipeline } from "../../../src/system/pipeline.ts";
import { refusal } from "../../base/rejection.ts";
import { closeAll, runUntilSettled, start } from "./rest_server.ts";

afterEach(closeAll);

const quoted = (price: string, qty: string) => () =>
  Response.json({ symbol: "X", bidPrice: price, bidQty: qty, askPrice: price, askQty: qty });

it("a price past 90 million ends the start, and says which symbol and why", async () => {
  const { client, server } = start(quoted("1650000000.00", "1"));
  const error = await refusal(requireServable(["BTCIDR"], client, systemClock));
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.message).toMatch(
    /^BTCIDR cannot be served, take it out of SYMBOLS: bidPrice .* expected at most 90071992.54740991, was "1650000000.00"/,
  );
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-test-"));
  const config = readConfig({
    ...{ HOST: "127.0.0.1", PORT: "0", SYMBOLS: "BTCIDR", DATA_DIR: data_dir },
    ...{ BINANCE_REST_URL: server.origin, DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" },
  });
  const begun = startPipeline({ config, clock: systemClock, rng: seededRng(1), log: silentLogger });
  expect((await refusal(begun)).message).toContain("BTCIDR cannot be served");
  rmSync(data_dir, { recursive: true, force: true });
});

it("what can be kept is served: quantities past 2^53 at 1e-8; and so is what the exchange says nothing of", async () => {
  const { client } = start(quoted("0.00000001", "92233720368.54775806"));
  await requireServable(["PEPEUSDT"], client, systemClock);
  const away = start(() => new Response("down", { status: 503 }));
  await runUntilSettled(away.clock, requireServable(["BTCUSDT"], away.client, away.clock));
});
