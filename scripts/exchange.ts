/**
 * Runs the paper exchange until Ctrl-C:
 *
 *     bun run exchange --simulate --seed 7 --r2 0.02
 *     bun run exchange --tape day.tape --speed 20
 *     bun run exchange --recording first.gz second.gz --now --history 300
 */

import { type Clock, systemClock } from "../src/base/clock.ts";
import { describeError } from "../src/base/errors.ts";
import { US_PER_SEC } from "../src/base/units.ts";
import { PaperExchange } from "../src/sim/exchange.ts";
import type { Speed } from "../src/sim/exchange_player.ts";
import { type Flags, numberFlag, readFlags, runScript, sourceOf } from "./source_flags.ts";

const USAGE = `usage: bun run exchange (--tape <file.tape> | --recording <file.gz…> | --simulate [--seed 7] [--r2 0.02])
                        [--port 9443] [--host 127.0.0.1] [--speed 1|20|max] [--history 900] [--now]
                        [--cut-after <seconds>] [--no-key] [--symbol BTCUSDT]
  --history n   seconds of the market that REST knows of at the start (default 900 simulated, else 0)
  --now         move the market's times to now (always so with --simulate)
  --cut-after n close each connection after n seconds
  --no-key      let clients in without an X-MBX-APIKEY header`;

const OPTIONS = {
  tape: { type: "string" },
  recording: { type: "string", multiple: true },
  simulate: { type: "boolean" },
  seed: { type: "string" },
  r2: { type: "string" },
  symbol: { type: "string" },
  port: { type: "string" },
  host: { type: "string" },
  speed: { type: "string" },
  history: { type: "string" },
  now: { type: "boolean" },
  "cut-after": { type: "string" },
  "no-key": { type: "boolean" },
} as const;

const STATUS_EVERY_MS = 5_000;

await runScript(async () => {
  const { flags, rest } = readFlags(OPTIONS, USAGE);
  const history_s = numberFlag(flags, "history", flags.simulate ? 900 : 0, 0, 86_400);
  const recordings = [...((flags.recording as readonly string[] | undefined) ?? []), ...rest];
  const source = await sourceOf(flags, recordings, systemClock.now() - history_s * US_PER_SEC);
  const exchange = new PaperExchange({
    source,
    speed: speedOf(flags),
    port: numberFlag(flags, "port", 9443, 0, 65_535),
    hostname: String(flags.host ?? "127.0.0.1"),
    history_s,
    shift_to_now: flags.now === true || flags.simulate === true,
    require_key: flags["no-key"] !== true,
    cut_after_s: numberFlag(flags, "cut-after", 86_400, 1, 86_400),
    on_end: (error) => {
      const how = error === undefined ? "has ended" : `cannot be read on (${describeError(error)})`;
      process.stdout.write(`the market ${how}; REST keeps answering\n`);
    },
  });
  const { ws_origin, rest_origin } = await exchange.start();
  process.stdout.write(
    `${source.symbol}, ${source.description}\n${exchange.counters.absorbed} messages of history\n\n` +
      `BINANCE_SBE_URL=${ws_origin}\nBINANCE_REST_URL=${rest_origin}\nARCHIVE_URL=${rest_origin}\nBINANCE_API_KEY=paper\n\nCtrl-C ends it.\n`,
  );
  const status = showStatus(exchange, systemClock);
  await interrupted();
  status.stop();
  await exchange.close();
});

function speedOf(flags: Flags): Speed {
  return flags.speed === "max" ? "max" : numberFlag(flags, "speed", 1, 0.01, 10_000);
}

/** One line every few seconds: where the market is and who listens. */
function showStatus(exchange: PaperExchange, clock: Clock): { stop(): void } {
  const show = (): void => {
    const { streams, rest, counters } = exchange;
    const market = new Date(exchange.market_us / 1_000).toISOString().slice(0, 19);
    process.stdout.write(
      `market ${market}Z  ${counters.messages} messages  ${streams.clients} clients  ` +
        `${streams.counters.frames_sent} frames sent  ${rest.counters.requests} REST requests\n`,
    );
    timer = clock.after(STATUS_EVERY_MS, show);
  };
  let timer = clock.after(STATUS_EVERY_MS, show);
  return { stop: () => timer.cancel() };
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}
