/** Of the program itself. */

import type { ErrorCode } from "../../errors.ts";
import type { Advice } from "./advice.ts";

export const PROGRAM_ERRORS = {
  UNIT_RANGE: {
    means: "A number cannot be kept exactly: it is outside what its unit holds.",
    to_do: "The message names the value and the bound. A symbol with such prices cannot be served.",
  },
  CONFIG_INVALID: {
    means: "A setting or a flag of a command has a value that is not allowed.",
    to_do: "The message names it, what was expected and what was found. Correct it and start again.",
  },
  INVARIANT: {
    means: "The program found itself in a state it must not be in, and stopped rather than go on wrongly.",
    to_do: "Let the platform start it again. Keep the log: it is a defect to be reported.",
  },
  DEADLINE: {
    means: "Something did not answer within its limit.",
    to_do: "The message names what and the limit. It is tried again; look at what did not answer.",
  },
  CANCELLED: {
    means: "The work was ended before it was done: the service stops, or the caller has gone.",
    to_do: "Nothing, or ask again.",
  },
} satisfies Partial<Record<ErrorCode, Advice>>;
