/** The text frames between the binary ones. What is not understood is `unknown`, never an error. */

import { readControl } from "../../../src/binance/stream/connection/control.ts";
import { mutatedJson } from "../mutate_json.ts";
import { bytesOfText, type Door, promise, type Target, textOfBytes } from "../target.ts";

const frames = [
  { result: null, id: 1 },
  { code: 2, msg: "Invalid request: unknown variant", id: 3 },
  { error: { code: -1003, msg: "Too many requests" }, id: 4 },
  { e: "serverShutdown", E: 1_770_123_456_789 },
  { stream: "btcusdt@trade", data: { e: "serverShutdown", E: 1_770_123_456_789 } },
];

const open = (): Target => ({
  codes: [],
  input: (rng) => bytesOfText(mutatedJson(rng, frames)),
  attempt: (input) => {
    const frame = readControl(textOfBytes(input));
    if (frame.kind === "done") promise(Number.isFinite(frame.id), "the id that is done is a number");
    if (frame.kind === "unknown") promise(frame.text.length <= 200, "what is logged is short");
  },
});

export const control: Door = {
  ...{ name: "control", what: "text frames of a stream", runs: 1_000_000, short_runs: 3_000 },
  open,
};
