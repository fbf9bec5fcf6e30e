/** The faults a person or a test can ask the paper exchange for: their parameters, and what each does. */

import { z } from "zod";
import { parsedBy } from "../../../base/input/schema.ts";
import { US_PER_SEC } from "../../../base/units.ts";
import type { StreamName } from "../../../binance/events.ts";
import { moved, renumbered } from "../../recording/moved.ts";
import type { PaperExchange } from "../exchange.ts";
import { REST_FAULTS } from "../rest/rest_faults.ts";
import type { Spoil } from "../streams/faults.ts";
import { FRAME_FAULTS } from "../streams/frame_faults.ts";

const STREAMS = ["trade", "bestBidAsk", "depth", "depth20"] as const satisfies readonly StreamName[];
const SHIFT_S_MAX = 10 * 366 * 86_400;
const COUNT_MAX = 100_000;
/** Beyond any id in use, and still exact. */
const IDS_MAX = 2 ** 52;
const BYTES_MAX = 1_000_000_000;

const whole = (unit: string, min: number, max: number) =>
  z
    .int({ error: `expected a whole number of ${unit} from ${min} to ${max}` })
    .min(min)
    .max(max);
const one = z.enum(STREAMS, { error: `expected one of ${STREAMS.join(", ")}` });
const streams = z
  .array(one, { error: `expected a list of ${STREAMS.join(", ")}` })
  .min(1, `expected a list of ${STREAMS.join(", ")}`)
  .default([...STREAMS]);
const count = whole("messages", 1, COUNT_MAX).default(1);
const seconds = z.number({ error: "expected a number of seconds" }).min(-SHIFT_S_MAX).max(SHIFT_S_MAX);

/** Each fault with its parameters and one line for people. */
const FAULTS = [
  [z.strictObject({ fault: z.literal("well") }), "ends every fault; a new numbering stays"],
  [z.strictObject({ fault: z.literal("cut") }), "every connection ends without a close frame"],
  [z.strictObject({ fault: z.literal("shutdown") }), "serverShutdown on every connection"],
  [
    z.strictObject({ fault: z.literal("stall"), streams }),
    "the streams send nothing; what they would have sent is lost",
  ],
  [z.strictObject({ fault: z.literal("resume"), streams }), "ends stall and hold of the streams"],
  [
    z.strictObject({ fault: z.literal("hold"), streams }),
    "the streams' frames wait for resume and come late",
  ],
  [
    z.strictObject({ fault: z.literal("half_open") }),
    "the present connections stay open and carry nothing; new ones are well",
  ],
  [
    z.strictObject({ fault: z.enum(FRAME_FAULTS), stream: one, count }),
    "the next frames of the stream are lost, come twice, change places, break off, or have a byte changed",
  ],
  [
    z.strictObject({ fault: z.literal("bogus_time"), stream: one, by_s: seconds, count }),
    "the next messages of the stream have times that far off",
  ],
  [
    z.strictObject({
      fault: z.literal("ids"),
      stream: one,
      by: whole("ids", -IDS_MAX, IDS_MAX),
      count,
    }),
    "the next messages of the stream have ids that far off",
  ],
  [
    z.strictObject({
      fault: z.literal("clock"),
      by_s: seconds,
      streams,
      server: z.boolean({ error: "expected true or false" }).default(true),
    }),
    "the streams' clock, and REST's server time, are that far from the market's; 0 is right again",
  ],
  [
    z.strictObject({ fault: z.literal("renumber") }),
    "trade ids and update ids begin anew, in streams and REST",
  ],
  [
    z.strictObject({
      fault: z.literal("status"),
      status: z.string().regex(/^[A-Z_]{1,32}$/, "expected a status such as BREAK"),
    }),
    "exchangeInfo gives the symbol this status, and the streams are silent unless it is TRADING",
  ],
  [
    z.strictObject({
      fault: z.literal("rest"),
      kind: z.enum(REST_FAULTS, { error: `expected one of ${REST_FAULTS.join(", ")}` }),
      status: whole("HTTP statuses", 400, 599).optional(),
      bytes: whole("bytes", 1, BYTES_MAX).optional(),
    }),
    "REST answers with an error, not at all, as it did at first, or without end",
  ],
] as const;

const COMMAND = z.discriminatedUnion(
  "fault",
  FAULTS.map(([schema]) => schema) as unknown as [
    (typeof FAULTS)[number][0],
    ...(typeof FAULTS)[number][0][],
  ],
  { error: `expected "fault" to be one of ${FAULTS.flatMap(([schema]) => namesOf(schema)).join(", ")}` },
);
export type Command = z.output<typeof COMMAND>;

/** The command a body asks for, or one sentence that says what is wrong with it. */
export function parseCommand(body: unknown): { readonly command: Command } | { readonly error: string } {
  const result = parsedBy(COMMAND, body);
  if (result.success) return { command: result.data };
  const [issue] = result.error.issues;
  const where = issue?.path.join(".");
  return { error: `${where ? `${where}: ` : ""}${issue?.message ?? "no command"}` };
}

/** The faults that have these parameters. */
function namesOf({ shape: { fault } }: (typeof FAULTS)[number][0]): readonly string[] {
  return "options" in fault ? fault.options : [...fault.values];
}

/** What can be asked for, one line each. */
export function help(): Record<string, string> {
  return Object.fromEntries(
    FAULTS.map(([schema, words]) => {
      const { fault: _, ...parameters } = schema.shape;
      return [[namesOf(schema).join(" | "), ...Object.keys(parameters)].join(", "), words];
    }),
  );
}

export function applyCommand(exchange: PaperExchange, command: Command): void {
  const { faults, rest_faults } = exchange;
  switch (command.fault) {
    case "well":
      exchange.well();
      break;
    case "cut":
      exchange.cutConnections();
      break;
    case "shutdown":
      exchange.announceShutdown();
      break;
    case "half_open":
      exchange.deafenConnections();
      break;
    case "renumber":
      exchange.renumbering.begin();
      break;
    case "stall":
      for (const stream of command.streams) faults.pause(stream);
      break;
    case "hold":
      for (const stream of command.streams) faults.hold(stream);
      break;
    case "resume":
      for (const stream of command.streams) {
        faults.resume(stream);
        exchange.release(stream);
      }
      break;
    case "bogus_time": {
      const by_us = command.by_s * US_PER_SEC;
      faults.spoil(command.stream, (message) => moved(message, by_us), command.count);
      break;
    }
    case "ids": {
      const by = { trades: command.by, updates: command.by };
      faults.spoil(command.stream, ((message) => renumbered(message, by)) as Spoil, command.count);
      break;
    }
    case "clock":
      faults.shiftTimes(command.by_s * US_PER_SEC, command.streams);
      if (command.server) faults.server_shift_us = command.by_s * US_PER_SEC;
      break;
    case "status":
      exchange.setStatus(command.status);
      for (const stream of STREAMS) {
        if (command.status === "TRADING") faults.resume(stream);
        else faults.pause(stream);
      }
      break;
    case "rest":
      rest_faults.begin(command.kind, command);
      break;
    default:
      faults.spoilFrames(command.stream, command.fault, command.count);
  }
}
