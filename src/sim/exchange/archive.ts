/**
 * The archive side of the paper exchange: daily and monthly zips with a CHECKSUM beside each, in the layout of
 * data.binance.vision, made from the trades that the streams send. Like the real one it publishes a day once
 * it is over, and can be made to publish what the real one has published by mistake.
 */

import { join } from "node:path";
import { DAY_US, US_PER_MS } from "../../base/units.ts";
import { type ArchiveFile, type ArchiveKind, archiveFiles } from "../../binance/archive/layout.ts";
import { archiveChecksum, archiveZip } from "./archive_file.ts";
import { ARCHIVE_HEADERS, ARCHIVE_ROWS } from "./archive_rows.ts";
import type { PaperMarket } from "./market.ts";

export interface ArchiveStyle {
  /** Most spot files have no header. Default false. */
  readonly header?: boolean;
  /** Spot has written microseconds since 2025-01-01, milliseconds before. Default "us". */
  readonly time_unit?: "us" | "ms";
  /** Publish days and months that are not over, as far as they have come. Default false. */
  readonly open_days?: boolean;
  /** A folder with files of earlier days, by their paths (`writeArchive`); they are served as they are. */
  readonly folder?: string;
}

/** What can be wrong with a file, by its name or the part of it that tells which, e.g. "-trades-2026-01". */
export type ArchiveFault =
  /** The next `times` answers hold damaged bytes, under the right checksum. */
  | { readonly kind: "corrupt"; readonly file: string; times: number }
  /** The checksum is one of an earlier version of the file. */
  | { readonly kind: "stale_checksum"; readonly file: string; times: number }
  /** A damaged zip with a checksum that matches it. */
  | { readonly kind: "bad_zip"; readonly file: string; times: number }
  /** Only the first half of the bytes comes. */
  | { readonly kind: "cut"; readonly file: string; times: number }
  /** Answered with this HTTP status. */
  | { readonly kind: "status"; readonly status: number; readonly file: string; times: number };

const PATH = /^\/data\/spot\/(daily|monthly)\/(?:(trades|aggTrades)|(klines))\//;
export class ArchiveServer {
  readonly counters = { requests: 0, zips: 0, absent: 0, faults: 0 };
  readonly faults: ArchiveFault[] = [];
  readonly #market: PaperMarket;
  readonly #market_us: () => number;
  readonly #style: ArchiveStyle;

  constructor(options: { market: PaperMarket; market_us: () => number; style?: ArchiveStyle }) {
    this.#market = options.market;
    this.#market_us = options.market_us;
    this.#style = options.style ?? {};
  }

  answers(path: string): boolean {
    return path.startsWith("/data/spot/");
  }

  async answer(request: Request, url: URL): Promise<Response> {
    this.counters.requests++;
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
    }
    const stored = await this.#stored(url.pathname);
    if (stored) return stored;
    const asks_checksum = url.pathname.endsWith(".CHECKSUM");
    const file = this.#fileAt(asks_checksum ? url.pathname.slice(0, -".CHECKSUM".length) : url.pathname);
    const csv = file && this.#csv(file);
    if (!file || csv === undefined) {
      this.counters.absent++;
      return new Response("<Error><Code>NoSuchKey</Code></Error>", { status: 404 });
    }
    const status = this.#struck("status", file);
    if (status?.kind === "status") return new Response(null, { status: status.status });
    const zip = this.#zip(file, csv);
    if (asks_checksum) return new Response(this.#checksum(file, zip));
    this.counters.zips++;
    return this.#body(file, zip);
  }

  /** A path of the archive has no dots but those of its name, so none leads out of the folder. */
  async #stored(path: string): Promise<Response | undefined> {
    const { folder } = this.#style;
    if (folder === undefined || !PATH.test(path) || path.includes("..")) return undefined;
    const file = Bun.file(join(folder, path));
    return (await file.exists()) ? new Response(file) : undefined;
  }

  #fileAt(path: string): ArchiveFile | undefined {
    const [, period, trades_kind, klines_kind] = PATH.exec(path) ?? [];
    const kind = (trades_kind ?? klines_kind) as ArchiveKind | undefined;
    const date = /-(\d{4})-(\d\d)(?:-(\d\d))?\.zip$/.exec(path);
    if (!kind || !date) return undefined;
    const [year, month, day] = date.slice(1).map((text) => Number(text ?? 1));
    const from_us = Date.UTC(year!, month! - 1, day!) * US_PER_MS;
    const to_us = period === "daily" ? from_us + DAY_US : Date.UTC(year!, month!, 1) * US_PER_MS;
    const [file] = archiveFiles(kind, this.#market.symbol, from_us, to_us);
    return file?.path === path ? file : undefined;
  }

  /** undefined where it is not published: the day is not over, or nothing was traded. */
  #csv(file: ArchiveFile): string | undefined {
    const { kind, from_us, to_us } = file;
    if (this.#market_us() < to_us && !this.#style.open_days) return undefined;
    const lines = ARCHIVE_ROWS[kind](this.#market, from_us, to_us, this.#market_us(), this.#time);
    if (lines.length === 0) return undefined;
    return `${[...(this.#style.header ? [ARCHIVE_HEADERS[kind]] : []), ...lines].join("\n")}\n`;
  }

  readonly #time = (time_us: number): number =>
    this.#style.time_unit === "ms" ? Math.floor(time_us / US_PER_MS) : time_us;

  #zip(file: ArchiveFile, csv: string): Uint8Array<ArrayBuffer> {
    const zip = archiveZip(file, new TextEncoder().encode(csv));
    return Uint8Array.from(this.#faultOf("bad_zip", file) ? damaged(zip) : zip);
  }

  #checksum(file: ArchiveFile, zip: Uint8Array): string {
    const stale = this.#struck("stale_checksum", file);
    return archiveChecksum(file, stale ? new TextEncoder().encode("an earlier version") : zip);
  }

  #body(file: ArchiveFile, zip: Uint8Array<ArrayBuffer>): Response {
    const headers = { "content-type": "application/zip" };
    if (this.#struck("corrupt", file)) return new Response(damaged(zip), { headers });
    if (!this.#struck("cut", file)) return new Response(zip, { headers });
    return new Response(zip.slice(0, zip.byteLength >> 1), { headers });
  }

  /** The fault, one of whose times this is. */
  #struck(kind: ArchiveFault["kind"], file: ArchiveFile): ArchiveFault | undefined {
    const fault = this.#faultOf(kind, file);
    if (fault) {
      fault.times--;
      this.counters.faults++;
    }
    return fault;
  }

  #faultOf(kind: ArchiveFault["kind"], { name }: ArchiveFile): ArchiveFault | undefined {
    return this.faults.find((fault) => fault.kind === kind && fault.times > 0 && name.includes(fault.file));
  }
}

/** A copy with a byte turned over in the middle. */
function damaged(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes);
  copy.fill(0xff, copy.byteLength >> 1, (copy.byteLength >> 1) + 16);
  return copy;
}
