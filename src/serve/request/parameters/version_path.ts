/**
 * A version has a slash in its name. Where it stands in a path, the slash may be written as it is or as %2F: the router sees
 * it as one part of the path in both cases.
 */

import { getPath } from "hono/utils/url";

const VERSION = /^\/models\/(.+?)(\/promote|\/report)?$/;
/** Paths below `/models/` that are no versions. */
const OTHERS = ["/models/rollback"];

export function pathWithVersion(request: Request): string {
  const path = getPath(request);
  if (!path.startsWith("/models/") || OTHERS.includes(path)) return path;
  const [, version = "", verb = ""] = VERSION.exec(path) ?? [];
  return version.includes("/") ? `/models/${version.replaceAll("/", "%2F")}${verb}` : path;
}
