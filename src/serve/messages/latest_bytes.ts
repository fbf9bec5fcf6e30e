/** The answer of `/latest` as bytes, made once for each forecast that is asked for, with what tells one from the next. */

import { LIMITS } from "../../base/limits.ts";
import type { Prediction } from "../../predict/prediction.ts";
import type { Validators } from "../request/known.ts";
import { predictionJson } from "./predictions.ts";

export interface LatestBytes extends Validators {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<"content-type" | "etag" | "last-modified" | "vary", string>>;
}

export class LatestAnswers {
  /** Those made last: a symbol, role and version asked for has one forecast a tick. */
  readonly #made = new Map<Prediction, LatestBytes>();
  made = 0;

  /** @param prediction as it is kept: the same object as long as it is the current one. */
  of(prediction: Prediction): LatestBytes {
    const there = this.#made.get(prediction);
    if (there) return there;
    const answer = latestBytes(prediction);
    this.made++;
    this.#made.set(prediction, answer);
    if (this.#made.size > LIMITS.latest_answers_max) this.#made.delete(this.#made.keys().next().value!);
    return answer;
  }
}

function latestBytes(prediction: Prediction): LatestBytes {
  const body = new TextEncoder().encode(JSON.stringify(predictionJson(prediction)));
  const etag = `"${prediction.ts_sec}-${Bun.hash(body).toString(36)}"`;
  return {
    ...{ body, etag, modified_sec: prediction.ts_sec },
    headers: {
      "content-type": "application/json",
      etag,
      // The instant it is as of, which no two forecasts of a series share: of one second there are often two.
      "last-modified": new Date(prediction.ts_sec * 1_000).toUTCString(),
      vary: "x-client-id",
    },
  };
}
