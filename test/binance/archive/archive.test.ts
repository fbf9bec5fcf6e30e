/** Archive files: where they are, how they are fetched and trusted, what their rows mean. */

import { mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { strToU8, zipSync } from "fflate";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { seededRng } from "../../../src/base/rng.ts";
import { DAY_US, formatE8 } from "../../../src/base/units.ts";
import { ArchiveClient } from "../../../src/binance/archive/archive.ts";
import { archiveFiles, daysOf } from "../../../src/binance/archive/layout.ts";
import { isHeader, klineOfLine, runOfLine } from "../../../src/binance/archive/rows.ts";
import { linesOfZip } from "../../../src/binance/archive/zip.ts";
import { rejection } from "../../base/rejection.ts";

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) * 1_000;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "foretick-test-"));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe("the archive's layout", () => {
  it("is the one of data.binance.vision", () => {
    const [trades] = archiveFiles("trades", "BTCUSDT", day("2026-10-01"), day("2026-10-02"));
    expect(trades).toMatchObject({
      name: "BTCUSDT-trades-2026-10-01.zip",
      path: "/data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2026-10-01.zip",
    });
    const [month] = archiveFiles("aggTrades", "ETHUSDT", day("2024-02-01"), day("2024-03-01"));
    expect(month!.path).toBe("/data/spot/monthly/aggTrades/ETHUSDT/ETHUSDT-aggTrades-2024-02.zip");
    const [bars] = archiveFiles("klines", "BTCUSDT", day("2026-10-01"), day("2026-10-02"));
    expect(bars!.path).toBe("/data/spot/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2026-10-01.zip");
  });

  it("covers any range of days exactly once, months where they are whole", () => {
    const days = fc.integer({ min: 17_000, max: 22_000 });
    fc.assert(
      fc.property(days, fc.integer({ min: 1, max: 100 }), (from, length) => {
        const files = archiveFiles("trades", "X", from * DAY_US, (from + length) * DAY_US);
        let next_us = from * DAY_US;
        for (const file of files) {
          expect(file.from_us).toBe(next_us);
          next_us = file.to_us;
          expect(daysOf(file).at(-1)!.to_us).toBe(file.to_us);
          if (file.period === "monthly") expect(daysOf(file).length).toBeGreaterThan(27);
        }
        expect(next_us).toBe((from + length) * DAY_US);
        expect(files.filter(({ period }) => period === "daily").length).toBeLessThan(62);
      }),
    );
  });
});

describe("rows of the archive", () => {
  it("are integers at 1e-8 and µs, whatever the unit and the case they are written in", () => {
    const run = {
      first_trade_id: 7,
      last_trade_id: 7,
      price_e8: 9_350_000_000_001,
      qty_e8: 10,
      is_buyer_maker: true,
    };
    const micro = "7,93500.00000001,0.00000010,0.00935,1735689600123456,True,True";
    expect(runOfLine("trades", micro)).toEqual({ ...run, ts_us: 1_735_689_600_123_456 });
    const milli = "7,93500.00000001,0.0000001,0.00935,1735689599999,true,true";
    expect(runOfLine("trades", milli)).toEqual({ ...run, ts_us: 1_735_689_599_999_000 });
    expect(runOfLine("aggTrades", "1,2.0,3,100,104,1735689600123456,FALSE,True")).toEqual({
      first_trade_id: 100,
      last_trade_id: 104,
      price_e8: 2e8,
      qty_e8: 3e8,
      ts_us: 1_735_689_600_123_456,
      is_buyer_maker: false,
    });
  });

  it("that describe no trade are distinguished from damaged ones", () => {
    expect(runOfLine("aggTrades", "1,0.0,0.0,-1,-1,1500000000000,False,True")).toBeUndefined();
    for (const line of [
      "",
      "7",
      "x,1.0,1.0,1.0,1735689600123456,True,True",
      "7,1.0,1.0,1.0,1735689600123456,maybe,True",
      "7,1.000000001,1.0,1.0,1735689600123456,True,True",
      "7,1.0,-1.0,1.0,1735689600123456,True,True",
      "7,1e5,1.0,1.0,1735689600123456,True,True",
      "9007199254740993,1.0,1.0,1.0,1735689600123456,True,True",
    ]) {
      expect(() => runOfLine("trades", line), line).toThrow(
        expect.objectContaining({ code: "ARCHIVE_CONTENT" }),
      );
    }
    expect(() => runOfLine("aggTrades", "1,2.0,3,104,100,1735689600123456,False,True")).toThrow("≤ last");
  });

  it("hold what was written, for any trade", () => {
    const safe = fc.maxSafeNat();
    fc.assert(
      fc.property(safe, safe, safe, fc.boolean(), (id, price, qty, sold) => {
        const line = `${id},${formatE8(price)},${formatE8(qty)},0,1735689600123456,${sold ? "True" : "False"},True`;
        expect(runOfLine("trades", line)).toMatchObject({
          last_trade_id: id,
          price_e8: price,
          qty_e8: qty,
          is_buyer_maker: sold,
        });
      }),
    );
  });

  it("of klines hold volumes beyond 2^53", () => {
    const line =
      "1735689600000000,1.0,3.0,0.5,2.0,123456789012.12345678,1735689659999999,5.0,42,99999999999.5,4.0,0";
    expect(klineOfLine(line)).toMatchObject({
      open_time_us: 1_735_689_600_000_000,
      volume_e8: 12_345_678_901_212_345_678n,
      taker_buy_volume_e8: 9_999_999_999_950_000_000n,
      trade_count: 42,
    });
    expect(() => klineOfLine("1735689600000000,1.0")).toThrow(
      expect.objectContaining({ code: "ARCHIVE_CONTENT" }),
    );
    expect([isHeader("id,price"), isHeader("123,4"), isHeader("open_time,open")]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe("a zip of one CSV", () => {
  const zipped = async (entries: Record<string, string>, level: 0 | 6 = 6): Promise<string> => {
    const path = join(folder(), "x.zip");
    const files = Object.fromEntries(Object.entries(entries).map(([name, text]) => [name, strToU8(text)]));
    await writeFile(path, zipSync(files, { level }));
    return path;
  };
  const linesOf = async (path: string): Promise<string[]> => {
    const all: string[] = [];
    for await (const lines of linesOfZip(path)) all.push(...lines);
    return all;
  };

  it("gives every line once, whether deflated or stored, with either line end, and without the last", async () => {
    const lines = Array.from(
      { length: 50_000 },
      (_, i) => `${i},some text that deflates,${(i * 7919) % 1000}`,
    );
    expect(await linesOf(await zipped({ "x.csv": lines.join("\n") }))).toEqual(lines);
    expect(await linesOf(await zipped({ "x.csv": `${lines.join("\r\n")}\r\n` }, 0))).toEqual(lines);
  });

  it("is refused where it is truncated anywhere, holds two files or none, or is no zip", async () => {
    const whole = await readFile(await zipped({ "x.csv": "1,2,3\n".repeat(1_000) }));
    // What follows the entry's data is the directory, which a stream does not need.
    const end_of_data = whole.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    const path = join(folder(), "cut.zip");
    for (let bytes = 0; bytes < end_of_data; bytes += 7) {
      await writeFile(path, whole.subarray(0, bytes));
      expect(await rejection(linesOf(path)), `${bytes} bytes`).toMatchObject({ code: "ARCHIVE_CONTENT" });
    }
    expect(await rejection(linesOf(await zipped({ a: "1\n", b: "2\n" })))).toMatchObject({
      code: "ARCHIVE_CONTENT",
    });
    await writeFile(path, "<Error>NoSuchKey</Error>");
    expect(await rejection(linesOf(path))).toMatchObject({ code: "ARCHIVE_CONTENT" });
    expect((await rejection(linesOf(await zipped({ "x.csv": "x".repeat(1 << 20) })))).message).toContain(
      "no end",
    );
  });
});

/** Answers each connection with the next of `answers`; a number cuts the connection after so many bytes. */
async function scripted(
  answers: { head: string; body: Uint8Array; announced?: number; cut?: number; stall?: boolean }[],
): Promise<string> {
  const asked = [...answers];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      const { head, body, announced, cut, stall } = asked.shift() ?? {
        head: "404 Not Found",
        body: new Uint8Array(),
      };
      socket.write(
        `HTTP/1.1 ${head}\r\ncontent-length: ${announced ?? body.byteLength}\r\nconnection: close\r\n\r\n`,
      );
      socket.write(body.subarray(0, cut ?? body.byteLength));
      if (!stall) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

describe("a file of the archive", () => {
  const [file] = archiveFiles("trades", "BTCUSDT", day("2026-10-01"), day("2026-10-02"));
  const zip = zipSync({ "x.csv": strToU8("1,2,3\n") });
  const sha256 = new Bun.CryptoHasher("sha256").update(zip).digest("hex");
  const checksum = { head: "200 OK", body: strToU8(`${sha256}  ${file!.name}\n`) };

  const client = (origin: string, more: { tries_max?: number; stall_ms?: number } = {}) => {
    const cache_dir = folder();
    const archive = new ArchiveClient({
      ...{ origin, cache_dir, clock: systemClock, rng: seededRng(1), log: silentLogger, ...more },
      backoff: { first_ms: 1, cap_ms: 2 },
    });
    cleanups.push(() => archive.close());
    return { archive, cache_dir };
  };

  it("is asked for again where the connection breaks off or stalls, and is whole in the end", async () => {
    const origin = await scripted([
      checksum,
      { head: "200 OK", body: zip, cut: 20 },
      { head: "503 Slow Down", body: new Uint8Array() },
      { head: "200 OK", body: zip, cut: 40, stall: true },
      { head: "200 OK", body: zip },
    ]);
    const { archive, cache_dir } = client(origin, { stall_ms: 150 });
    const copy = await archive.fetch(file!);
    expect(copy).toMatchObject({ kind: "ready", sha256 });
    expect(await readdir(cache_dir)).toEqual([file!.name]);
    expect(archive.traffic).toMatchObject({ requests: 5, retries: 3 });
  });

  it("comes from the cache while it is what is published, and is fetched where the cache was damaged", async () => {
    const body = { head: "200 OK", body: zip };
    const { archive, cache_dir } = client(await scripted([checksum, body, checksum, checksum, body]));
    await archive.fetch(file!);
    expect(await archive.fetch(file!)).toMatchObject({ kind: "ready" });
    expect(archive.counters.downloads).toBe(1);
    await writeFile(join(cache_dir, file!.name), "damaged");
    expect(await archive.fetch(file!)).toMatchObject({ kind: "ready" });
    expect(archive.counters.downloads).toBe(2);
  });

  it("is refused at once where more is announced than a file may have", async () => {
    const announced = LIMITS.archive_file_bytes_max + 1;
    const huge = { head: `200 OK`, body: new Uint8Array(10), announced, stall: true };
    const { archive, cache_dir } = client(await scripted([checksum, huge]));
    const refusal = await rejection(archive.fetch(file!));
    expect(refusal).toMatchObject({ code: "ARCHIVE_CONTENT" });
    expect(refusal.message).toContain(`was ${announced} or more; check ARCHIVE_URL`);
    expect(archive.traffic).toMatchObject({ requests: 2, retries: 0 });
    expect(await readdir(cache_dir)).not.toContain(file!.name);
  });

  it("is absent where it is not published, and refused with a sentence where nothing answers", async () => {
    expect(await client(await scripted([])).archive.fetch(file!)).toEqual({ kind: "absent" });
    const forbidden = await scripted([{ head: "403 Forbidden", body: new Uint8Array() }]);
    expect((await rejection(client(forbidden).archive.fetch(file!))).message).toContain("check ARCHIVE_URL");
    const unreachable = client("http://127.0.0.1:1", { tries_max: 2 });
    expect(await rejection(unreachable.archive.fetch(file!))).toMatchObject({ code: "ARCHIVE_UNREACHABLE" });
    expect(unreachable.archive.traffic.requests).toBe(2);
  });

  it("is set aside with the reason beside it after a second mismatch", async () => {
    const wrong = { head: "200 OK", body: strToU8("something else") };
    const { archive, cache_dir } = client(await scripted([checksum, wrong, checksum, wrong]));
    const copy = await archive.fetch(file!);
    expect(copy).toMatchObject({ kind: "quarantined" });
    const reason = await readFile(join(cache_dir, "quarantine", `${file!.name}.reason`), "utf8");
    expect(reason).toContain(sha256.slice(0, 12));
    expect(archive.counters).toEqual({ downloads: 2, mismatches: 2, quarantined: 1 });
  });
});
