/**
 * Which client a canary, or the model on trial of an experiment, is served to. Every service that serves the symbol splits alike: the share is in the deployment's
 * row, and the client's side follows from its key alone.
 */

import type { ModelVersion } from "../../base/units.ts";
import { clientShare } from "../../judge/client_share.ts";
import type { Deployment } from "../../record/steer/deployment_rows.ts";

export interface Split {
  readonly version: ModelVersion;
  readonly share: number;
  readonly salt: string;
}

/** Of the deployments under way, the one that splits a symbol's clients now. */
export function splitOf(running: readonly Deployment[], symbol: string): Split | undefined {
  const one = running.find(
    ({ strategy, share, symbols }) =>
      strategy === "canary" && share > 0 && share < 1 && symbols.includes(symbol),
  );
  return one && { version: one.version, share: one.share, salt: `deployment ${one.deployment_id}` };
}

/** @returns the version a client is served instead of the champion; undefined: the champion. */
export function servedInstead(
  split: Split | undefined,
  client: string | undefined,
): ModelVersion | undefined {
  if (!split || client === undefined) return undefined;
  return clientShare(client, split.salt) < split.share ? split.version : undefined;
}
