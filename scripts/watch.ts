/** `bun run watch [--url http://127.0.0.1:8080] [--symbol BTCUSDT]`: the live forecast of a running service, until Ctrl-C. */

import { fail } from "../src/base/errors.ts";
import { withExample } from "./flags/example.ts";
import { readFlags, runScript } from "./flags/source.ts";
import { watch } from "./watch/run.ts";

const USAGE = `usage: bun run watch [--url http://127.0.0.1:8080] [--symbol BTCUSDT]

  price, forecast with its interval, recent outcomes, quality of the last hour, and what is not well, on one screen;
  where the output is no terminal, one line a forecast. Ctrl-C ends it

  --url     where the service is (default http://127.0.0.1:8080, or PORT)
  --symbol  default the first the service names`;
const OPTIONS = {
  help: { type: "boolean", short: "h" },
  url: { type: "string" },
  symbol: { type: "string" },
} as const;

await runScript(async () => {
  const { flags, rest } = readFlags(OPTIONS, USAGE);
  if (flags.help) {
    return console.log(
      withExample(USAGE, OPTIONS, "watch", { url: "http://127.0.0.1:8080", symbol: "BTCUSDT" }),
    );
  }
  if (rest.length > 0)
    fail("CONFIG_INVALID", `watch expected flags alone, was ${rest.join(" ")}\n\n${USAGE}`);
  const text = String(flags.url ?? `http://127.0.0.1:${process.env.PORT || "8080"}`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    return fail("CONFIG_INVALID", `--url expected like http://127.0.0.1:8080, was ${text}`);
  }
  const symbol = typeof flags.symbol === "string" ? flags.symbol : undefined;
  const ended = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
    // A reader that has gone, as in `bun run watch | head`.
    process.stdout.once("error", () => resolve());
  });
  const watching = watch({ url: url.origin, symbol, output: process.stdout });
  // Whatever ends the process, the terminal is as it was.
  process.once("exit", () => watching.close());
  await ended;
  watching.close();
  process.exit();
});
