/** `GET /openapi.json`: what this service answers, described by the schemas it is checked by. */

import type { Handler } from "hono";
import { assetOf } from "../assets.ts";
import type { RequestScope } from "../request/problem.ts";
import { getAsset } from "./get_asset.ts";

/** @param text the document; written once, when it is first asked for. */
export function getOpenApi(text: () => string): Handler<RequestScope> {
  let written: Handler<RequestScope> | undefined;
  return (c, next) => {
    written ??= getAsset(assetOf(text(), "application/json"));
    return written(c, next);
  };
}
