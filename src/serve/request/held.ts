/** What a stream is opened with, to be looked at again while it is open. */

import type { Context } from "hono";
import { credentialOf } from "../access/identity.ts";
import type { Held } from "../stream/subscription.ts";
import type { RequestScope } from "./problem.ts";

/** Undefined for whoever asks without a credential. */
export function heldBy(c: Context<RequestScope>): Held | undefined {
  const { identity } = c.var;
  const credential = credentialOf(c.req.raw.headers);
  return identity && credential !== undefined ? { credential, identity } : undefined;
}
