/**
 * The page's files, read once at the start and served from memory. The page's TypeScript is served to the
 * browser with its types taken off: there is no build step and nothing comes from elsewhere.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

export interface Asset {
  readonly body: string;
  readonly content_type: string;
  readonly etag: string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  ts: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

const folder = new URL("page/", import.meta.url);

/** Every file of `page/` by name, e.g. "index.html". */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const transpiler = new Bun.Transpiler({ loader: "ts", target: "browser" });
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(folder).sort()) {
    const extension = name.slice(name.lastIndexOf(".") + 1);
    const content_type = CONTENT_TYPES[extension];
    if (!content_type) continue;
    const text = readFileSync(new URL(name, folder), "utf8");
    const body = extension === "ts" ? transpiler.transformSync(text) : text;
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    assets.set(name, { body, content_type, etag });
  }
  return assets;
}
