/** `GET /` and `GET /page/…`: the page, revalidated by ETag so that a new version is seen at once. */

import type { Handler } from "hono";
import type { Asset } from "../assets.ts";
import { takesGzip } from "../request/gzip.ts";
import { isKnown } from "../request/known.ts";
import type { RequestScope } from "../request/problem.ts";

export function getAsset({ body, content_type, etag, small }: Asset): Handler<RequestScope> {
  const headers = { "content-type": content_type, "cache-control": "no-cache", vary: "accept-encoding" };
  const plain = { ...headers, etag };
  // Other bytes, so another name.
  const packed = { ...headers, etag: etag.replace(/"$/, '-gz"'), "content-encoding": "gzip" };
  return (c) => {
    const asked = c.req.raw.headers;
    if (small && takesGzip(asked)) {
      return isKnown(asked, packed) ? c.body(null, 304, packed) : c.body(small, 200, packed);
    }
    return isKnown(asked, plain) ? c.body(null, 304, plain) : c.body(body, 200, plain);
  };
}
