/**
 * Runs the paper exchange until Ctrl-C:
 *
 *     bun run exchange --simulate --seed 7 --r2 0.02
 *     bun run exchange --simulate --signal flow --archive .data/paper --archive-days 30
 *     bun run exchange --tape day.tape --speed 20
 *     bun run exchange --recording first.gz second.gz --now --history 300
 */

import { type Clock, systemClock } from "../src/base/clock.ts";
import { describeError, fail } from "../src/base/errors.ts";
import { US_PER_SEC } from "../src/base/units.ts";
import { startControl } from "../src/sim/exchange/control/server.ts";
import { PaperExchange } from "../src/sim/exchange/exchange.ts";
import type { PaperExchangeOptions } from "../src/sim/exchange/options.ts";
import type { Speed } from "../src/sim/exchange/player.ts";
import { loopedSource } from "../src/sim/recording/looped.ts";
import { withExample } from "./flags/example.ts";
import { type Flags, numberFlag, readFlags, runScript, simulatorFlags, sourceOf } from "./flags/source.ts";
import { writeSimulatedDays } from "./store/simulated_days.ts";

const USAGE = `usage: bun run exchange (--tape <file.tape> | --recording <file.gz…> | --simulate [--seed 7] [--r2 0.02]
                                    [--signal linear|flow|interaction] [--trades-per-s 30])
                        [--port 9443] [--host 127.0.0.1] [--speed 1|20|max] [--history 900] [--now]
                        [--loop] [--cut-after <seconds>] [--no-key] [--symbol BTCUSDT]
                        [--archive <folder> [--archive-days 30]] [--control-port 9444]
  --history n   seconds of market history that REST serves at the start (default 900 simulated, else 0)
  --now         move the market's times to now (always so with --simulate)
  --loop        play a tape or a recording again and again, as one market whose times and ids go on
  --cut-after n close each connection after n seconds
  --no-key      let clients in without an X-MBX-APIKEY header
  --archive     serve the archive's files of this folder too, by their paths below it
  --archive-days n  first write so many simulated days, up to last midnight, into that folder: trades, no quotes
  --control-port n  take faults as JSON at POST / on this port (GET / lists them); off without it`;

const OPTIONS = {
  help: { type: "boolean", short: "h" },
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
  loop: { type: "boolean" },
  "cut-after": { type: "string" },
  "no-key": { type: "boolean" },
  signal: { type: "string" },
  "trades-per-s": { type: "string" },
  archive: { type: "string" },
  "archive-days": { type: "string" },
  "control-port": { type: "string" },
} as const;

const STATUS_EVERY_MS = 5_000;

await runScript(async () => {
  const { flags, rest } = readFlags(OPTIONS, USAGE);
  if (flags.help) {
    return console.log(withExample(USAGE, OPTIONS, "exchange", { simulate: true, seed: "7", r2: "0.02" }));
  }
  const history_s = numberFlag(flags, "history", flags.simulate ? 900 : 0, 0, 86_400);
  const recordings = [...((flags.recording as readonly string[] | undefined) ?? []), ...rest];
  const once = await sourceOf(flags, recordings, systemClock.now() - history_s * US_PER_SEC);
  const source = flags.loop && !flags.simulate ? loopedSource(once) : once;
  const archive = await archiveOf(flags);
  const exchange = new PaperExchange({
    ...archive,
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
  const control =
    flags["control-port"] === undefined
      ? undefined
      : startControl({
          ...{ exchange, hostname: String(flags.host ?? "127.0.0.1") },
          port: numberFlag(flags, "control-port", 9444, 0, 65_535),
        });
  process.stdout.write(
    `${source.symbol}, ${source.description}\n${exchange.counters.absorbed} messages of history\n\n` +
      `BINANCE_SBE_URL=${ws_origin}\nBINANCE_REST_URL=${rest_origin}\nARCHIVE_URL=${rest_origin}\nBINANCE_API_KEY=paper\n${control ? `\nfaults: POST ${control.url}\n` : ""}\nCtrl-C ends it.\n`,
  );
  const status = showStatus(exchange, systemClock);
  await interrupted();
  status.stop();
  await control?.close();
  await exchange.close();
});

async function archiveOf(flags: Flags): Promise<Pick<PaperExchangeOptions, "archive">> {
  if (flags.archive === undefined) {
    if (flags["archive-days"] === undefined) return {};
    fail("CONFIG_INVALID", "--archive-days expected with --archive, the folder they are written to");
  }
  const folder = String(flags.archive);
  const days = numberFlag(flags, "archive-days", 0, 0, 3_650);
  if (days > 0) await writeSimulatedDays(simulatorFlags(flags), days, folder, systemClock);
  return { archive: { folder } };
}

function speedOf(flags: Flags): Speed {
  return flags.speed === "max" ? "max" : numberFlag(flags, "speed", 1, 0.01, 10_000);
}

/** One line every few seconds: the market's time, and the clients. */
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
