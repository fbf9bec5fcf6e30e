/** What it means when a part of `/health` is not ok, and what a person does about it, as docs/runbook.md says it. */

import type { Advice } from "./errors/advice.ts";

/** By the first word of the part's name: "book BTCUSDT" is a `book`. */
export const PART_ADVICE = {
  alerts: {
    means: "An alert is open, or a channel does not take alerts.",
    to_do: "/alerts lists what is open, each with what to do. bun run alerts test tries the channels.",
  },
  bars: {
    means: "Minute and second bars in the database are behind: SQL features are known only up to then.",
    to_do: "Look at the server's load. They catch up by themselves; forecasts do not need them.",
  },
  book: {
    means: "The order book of the symbol is not in step with the exchange.",
    to_do: "A snapshot is fetched by itself. Where it stays, look at REST: its limit, its answers.",
  },
  capture: {
    means: "Inputs are not captured, or a part of them was left out: the disk is full, slow, or refuses.",
    to_do:
      "Forecasts are not touched. Give the disk room, or set CAPTURE_MAX_MB lower; a replay names what is missing.",
  },
  data: {
    means:
      "What comes of the symbol is incomplete: a stream is silent, rows are set aside, or the clock stepped.",
    to_do:
      "The reason names which. Vectors are cold meanwhile; it connects again and fetches what was missed.",
  },
  database: {
    means: "The database does not take rows or does not answer.",
    to_do:
      "Rows wait in the journal and nothing is lost while its disk has room. bun run doctor tries each step.",
  },
  deployments: {
    means: "The deployment under way cannot go on, or could not be looked at.",
    to_do: "bun run deploy list says at which step and why.",
  },
  drift: {
    means: "The market has left what the champion was trained on.",
    to_do: "bun run drift lists the features that can hurt most. Train again where it lasts.",
  },
  experiments: {
    means: "An experiment could not be looked at.",
    to_do: "It is tried again with the next block. bun run experiments list shows how they stand.",
  },
  feed: {
    means: "The exchange's streams are down, or frames of them are dropped.",
    to_do:
      "It connects again by itself. Look at BINANCE_API_KEY, the network and the exchange's status page.",
  },
  forecast: {
    means: "No forecast, or only cold ones, are made of the symbol.",
    to_do: "The reason names the part behind it. Where it is the model: bun run models rollback.",
  },
  history: {
    means: "Trades are missing in what is stored, and are being fetched.",
    to_do:
      "Nothing while the number falls. Where it stays, bun run backfill --source rest says why they cannot be had.",
  },
  lake: {
    means: "The last nightly copy to the lake failed.",
    to_do: "It is tried again. Check LAKE, LAKE_DIR or S3_BUCKET, their keys and their space.",
  },
  lease: {
    means: "Another service writes this symbol; this one stands by.",
    to_do: "Nothing where that was meant: it takes over once the other is silent.",
  },
  model: {
    means: "Another model serves than the one that should, or none that was trained.",
    to_do:
      "The reason names the version that was refused and its code. bun run models list shows what there is.",
  },
  models: {
    means: "A model beside the champion could not be taken into use.",
    to_do: "The champion is not touched. bun run models show says what is wrong with it.",
  },
  outcomes: {
    means: "Outcomes of forecasts are not joined.",
    to_do:
      "They are caught up with by themselves once the database answers; figures of quality wait for them.",
  },
  parity: {
    means: "Live features and SQL differ without a cause, or could not be compared.",
    to_do: "bun run parity prints the rows. One unexplained bit is a defect to be reported with them.",
  },
  quality: {
    means: "Figures of quality are behind.",
    to_do: "They catch up with the outcomes.",
  },
  redis: {
    means: "Redis does not answer, refuses, or is behind.",
    to_do: "Forecasts go on. API machines show the age of what they have. Look at REDIS_URL and its memory.",
  },
  rollback: {
    means: "The watch on realised error could not look, or may not act.",
    to_do: "The reason says which. AUTO_ROLLBACK=on lets it act.",
  },
} as const satisfies Record<string, Advice>;

/** Of a part of one symbol the symbol follows: "book BTCUSDT". */
export type PartName = keyof typeof PART_ADVICE | `${keyof typeof PART_ADVICE} ${string}`;
