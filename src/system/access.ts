/** Who may do what, over the store of the running service: keys are read from it, refusals written to it. */

import type { Clock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { markUsed, storedKeys } from "../record/access/api_keys.ts";
import { appendAudit } from "../record/audit/audit.ts";
import { Access } from "../serve/access/access.ts";
import { TrustedProxies } from "../serve/access/addresses.ts";
import { KeyRing } from "../serve/access/key_ring.ts";
import { type Rate, Rates } from "../serve/access/rates.ts";
import { AccessRecords } from "../serve/access/records.ts";
import { Tokens } from "../serve/access/tokens.ts";
import { KeyedRequests } from "./callers/keyed_requests.ts";
import type { Store } from "./store/store.ts";

export interface AccessParts {
  readonly config: Config;
  readonly store: Pick<Store, "required">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface RunningAccess {
  readonly access: Access;
  /** Writes what is not written yet. */
  close(): Promise<void>;
  /** Ends the connections of requests with a key: after the server, which waits for those under way. */
  end(): Promise<void>;
}

export function accessOver({ config, store, clock, log, metrics }: AccessParts): RunningAccess {
  const records = new AccessRecords({
    ...{ clock, log, metrics },
    write: async (entries, used_key_ids) => {
      const { sql } = store.required();
      if (entries.length > 0) await appendAudit(sql, entries);
      if (used_key_ids.length > 0) await markUsed(sql, used_key_ids);
    },
  });
  const keys = new KeyRing({
    clock,
    read: async () => await storedKeys(store.required().sql),
    onUsed: (key_id) => records.used(key_id),
  });
  const keyed = new KeyedRequests(() => store.required(), clock);
  const access = new Access({
    public_read: config.public_read === "true",
    credentials: [keys, ...tokensOf(config, clock)],
    onRefused: (refusal) => records.refused(refusal),
    kept_answers: keyed,
    rates: {
      by_address: ratesOf(clock, "address", config.rate_limit_per_s),
      by_key: ratesOf(clock, "key", config.key_rate_limit_per_s),
      proxies: new TrustedProxies(config.trusted_proxies),
    },
  });
  return { access, close: () => records.close(), end: () => keyed.close() };
}

const ratesOf = (clock: Clock, policy: Rate["policy"], per_s: number): Rates | undefined =>
  per_s === 0 ? undefined : new Rates(clock, policy, per_s);

function tokensOf(config: Config, clock: Clock): Tokens[] {
  const { jwt_issuer: issuer, jwt_audience: audience, jwt_jwks: jwks, jwt_role_claim: role_claim } = config;
  if (!issuer || !audience || !jwks) return [];
  return [new Tokens({ issuer, audience, jwks, role_claim, clock })];
}
