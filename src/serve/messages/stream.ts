/** What `/stream` sends. */

import type { Role } from "../../model/role.ts";
import type { Outcome } from "../../predict/prediction.ts";
import type { MarketView } from "../ports.ts";
import { type PredictionJson, type RealizedJson, realizedJson, type SeriesJson } from "./predictions.ts";

/** The kinds of message `/stream` sends on request. */
export const STREAM_KINDS = ["prediction", "outcome", "market"] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

export interface SubscribedJson {
  readonly symbols: readonly string[];
  readonly kinds: readonly StreamKind[];
  /** Predictions and outcomes are of this role; of any role, any model and any horizon where those are null. */
  readonly role: Role | "served" | null;
  readonly model_version: string | null;
  readonly horizon_s: number | null;
}

/** First message on every connection: what was subscribed to, and what there is. */
export interface HelloMessage {
  readonly type: "hello";
  readonly symbols: readonly string[];
  readonly subscribed: SubscribedJson;
  readonly server_time_us: number;
  /** Where `since` was asked for: `complete` is false where messages may be missing that are no longer kept. */
  readonly since?: { readonly tick: number; readonly complete: boolean };
}

export type PredictionMessage = { readonly type: "prediction" } & PredictionJson;

export interface OutcomeMessage extends SeriesJson, RealizedJson {
  readonly type: "outcome";
  readonly symbol: string;
  readonly ts_sec: number;
}

export type MarketMessage = { readonly type: "market" } & MarketView;

export type StreamMessage = HelloMessage | PredictionMessage | OutcomeMessage | MarketMessage;

export function outcomeMessage(outcome: Outcome): OutcomeMessage {
  return {
    type: "outcome",
    symbol: outcome.symbol,
    ts_sec: outcome.ts_sec,
    model_version: outcome.model_version,
    role: outcome.role,
    horizon_s: outcome.horizon_s,
    ...realizedJson(outcome),
  };
}
