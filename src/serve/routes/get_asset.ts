/** `GET /` and `GET /page/…`: the page, revalidated by ETag so that a new version is seen at once. */

import type { Handler } from "hono";
import type { Asset } from "../assets.ts";
import type { RequestScope } from "../problem.ts";

export function getAsset(asset: Asset): Handler<RequestScope> {
  const headers = { "content-type": asset.content_type, etag: asset.etag, "cache-control": "no-cache" };
  return (c) => {
    const known = c.req.header("if-none-match")?.split(",") ?? [];
    const unchanged = known.some((etag) => etag.trim().replace(/^W\//, "") === asset.etag);
    return unchanged ? c.body(null, 304, headers) : c.body(asset.body, 200, headers);
  };
}
