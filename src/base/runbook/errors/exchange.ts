/** Of the exchange: frames, streams, REST, the archive, the book. */

import type { ErrorCode } from "../../errors.ts";
import type { Advice } from "./advice.ts";

export const EXCHANGE_ERRORS = {
  SBE_TRUNCATED: {
    means: "A frame of the exchange ends in the middle of a message.",
    to_do:
      "The frame is dropped and its trades are fetched. Where it goes on, look at what is between here and the exchange.",
  },
  SBE_SCHEMA: {
    means: "A frame is of another schema than the one this version decodes.",
    to_do: "The exchange has changed its schema: a newer version of the program is needed.",
  },
  SBE_BLOCK_LENGTH: {
    means: "A message is shorter than its schema says.",
    to_do: "As SBE_SCHEMA.",
  },
  SBE_GROUP_COUNT: {
    means: "A message claims more entries than it has room for.",
    to_do: "The frame is dropped. Where it goes on, as SBE_SCHEMA.",
  },
  SBE_TRAILING_BYTES: {
    means: "A frame goes on after its message.",
    to_do: "As SBE_SCHEMA.",
  },
  SBE_VALUE: {
    means: "A field of a message has a value it cannot have.",
    to_do: "The frame is dropped. Where it goes on, as SBE_SCHEMA.",
  },
  SBE_SCALE: {
    means: "A price or quantity has more digits than are kept.",
    to_do: "The symbol cannot be served exactly: leave it out of SYMBOLS.",
  },
  SBE_ENCODE: {
    means: "A message could not be written in the exchange's form. Only the paper exchange does that.",
    to_do: "The tape or the simulated market has values the form does not hold.",
  },
  WS_HANDSHAKE: {
    means: "The exchange refused the stream.",
    to_do:
      "The message has its answer. 401: check BINANCE_API_KEY (Ed25519). 451 or 403: the region is not allowed. Else it is tried again.",
  },
  WS_CONTROL: {
    means: "The exchange refused a subscription.",
    to_do: "Check SYMBOLS: a symbol may be misspelt or delisted.",
  },
  WS_CLOSED: {
    means: "The exchange closed the connection.",
    to_do: "It connects again by itself, and what was missed is fetched.",
  },
  WS_FRAME_SIZE: {
    means: "A frame is larger than any message of the exchange.",
    to_do: "It connects again. Where it goes on, look at what is between here and the exchange.",
  },
  WS_STALE: {
    means: "A stream is silent for longer than its usual pauses allow.",
    to_do:
      "It connects again. Vectors are cold meanwhile and say why. Where it goes on, look at the network and the exchange's status page.",
  },
  REST_STATUS: {
    means: "The exchange's REST refused a request.",
    to_do:
      "The message has its answer and its code. 451: the region is not allowed. -2014: historicalTrades needs BINANCE_API_KEY.",
  },
  REST_BODY: {
    means: "REST answered something that is not what its documentation says.",
    to_do:
      "It is tried again. Where it goes on: BINANCE_REST_URL may be no exchange, or a proxy answers in its place.",
  },
  REST_RATE_LIMIT: {
    means: "The exchange asks for fewer requests, and says for how long.",
    to_do: "It waits by itself. Other programs on the same address share the limit.",
  },
  REST_UNREACHABLE: {
    means: "REST cannot be connected to.",
    to_do: "Look at the network, DNS and BINANCE_REST_URL.",
  },
  REST_TIMEOUT: {
    means: "REST did not answer in time.",
    to_do: "It is tried again. Forecasts go on, cold where something is missing.",
  },
  ARCHIVE_UNREACHABLE: {
    means: "The exchange's archive of past trades cannot be read.",
    to_do: "Run the backfill again: it goes on where it was.",
  },
  ARCHIVE_CONTENT: {
    means: "A file of the archive is not what its checksum or its name says.",
    to_do:
      "The message names file and line. Run the backfill again with --refetch; where it stays, the day is not complete and is named so.",
  },
  BOOK_SEQUENCE_GAP: {
    means: "A change of the order book did not come.",
    to_do: "Nothing: a snapshot is fetched. Features of the book are null until it fits.",
  },
  BOOK_CROSSED: {
    means: "The order book has a bid above its ask, which no book has.",
    to_do: "Nothing: it is thrown away and a snapshot is fetched.",
  },
} satisfies Partial<Record<ErrorCode, Advice>>;
