/** One row of `signals`: what one would have done about a served forecast, and the quote it would have been done at. */

import type { Micros, ModelVersion, PriceE8, UnixSec } from "../../base/units.ts";
import type { Signal } from "../../judge/signal/signal_of.ts";
import type { Role } from "../../model/role.ts";

export interface SignalRow extends Signal {
  readonly symbol: string;
  /** The forecast's. */
  readonly ts_sec: UnixSec;
  readonly model_version: ModelVersion;
  readonly role: Role;
  readonly horizon_s: number;
  /** The weights of the features had a say in the probabilities. */
  readonly weights_applied: boolean;
  /** The quote that stood when it was given out; null where none was known. */
  readonly bid_price_e8: PriceE8 | null;
  readonly ask_price_e8: PriceE8 | null;
  /** Wall clock. */
  readonly emitted_at_us: Micros;
}
