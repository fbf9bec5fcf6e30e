/**
 * The page's files, read once at the start and served from memory. The page's TypeScript is served to the
 * browser with its types taken off: there is no build step and nothing comes from elsewhere. The chart library is served
 * from its package's files.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipped } from "./request/gzip.ts";

export interface Asset {
  readonly body: string;
  readonly content_type: string;
  readonly etag: string;
  /** Undefined where it is not worth it. */
  readonly small: Uint8Array<ArrayBuffer> | undefined;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  ts: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  js: "text/javascript; charset=utf-8",
};

/** From packages, under the names the page asks for. */
const PACKAGED: Readonly<Record<string, string>> = {
  "uplot.js": "uplot/dist/uPlot.iife.min.js",
  "uplot.css": "uplot/dist/uPlot.min.css",
};

const folder = new URL("page/", import.meta.url);

/** Every file of `page/` by its path in it, e.g. "index.html", "live/ranges.ts". */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const transpiler = new Bun.Transpiler({ loader: "ts", target: "browser" });
  const assets = new Map<string, Asset>();
  const own = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const files = [
    ...own.map((name) => [name, fileURLToPath(new URL(name, folder))] as const),
    ...Object.entries(PACKAGED).map(
      ([name, file]) => [name, fileURLToPath(import.meta.resolve(file))] as const,
    ),
  ];
  for (const [name, file] of files) {
    const extension = name.slice(name.lastIndexOf(".") + 1);
    const content_type = CONTENT_TYPES[extension];
    if (!content_type) continue;
    const text = readFileSync(file, "utf8");
    const body = extension === "ts" ? transpiler.transformSync(text) : text;
    assets.set(name, assetOf(body, content_type));
  }
  return assets;
}

export function assetOf(body: string, content_type: string): Asset {
  const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
  return { body, content_type, etag, small: gzipped(body) };
}
