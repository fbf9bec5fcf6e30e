/** Clients that read frames, or only bytes, at a paper exchange; and sources to fill a socket with. */

import { connect, type Socket } from "node:net";
import type { MarketSource } from "../../../src/binance/capture/market_source.ts";
import { decodeFrame } from "../../../src/binance/sbe/decode.ts";
import { encodeMessage } from "../../../src/binance/sbe/encode.ts";
import type { SbeMessage } from "../../../src/binance/sbe/messages.ts";
import { PaperExchange } from "../../../src/sim/exchange/exchange.ts";
import type { PaperExchangeOptions } from "../../../src/sim/exchange/options.ts";
import { allOf, START_US, simulatedSeconds } from "../markets.ts";

export const ALL = "btcusdt@trade/btcusdt@bestBidAsk/btcusdt@depth";

const exchanges: PaperExchange[] = [];
/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const exchange of exchanges.splice(0)) await exchange.close();
}

export async function started(options: Partial<PaperExchangeOptions> = {}) {
  const exchange = new PaperExchange({
    source: simulatedSeconds(5),
    speed: "max",
    start_on: "play",
    ...options,
  });
  exchanges.push(exchange);
  const { ws_origin, rest_origin } = await exchange.start();
  return { exchange, ws_origin, rest_origin };
}

export function decoded(frame: Uint8Array): SbeMessage {
  const result = decodeFrame(frame);
  if (!result.ok) throw new Error("expected a frame that decodes");
  return result.message;
}

export const framesOf = (kinds: readonly SbeMessage["kind"][], seconds = 5): Buffer[] =>
  allOf(simulatedSeconds(seconds))
    .filter(({ message }) => kinds.includes(message.kind))
    .map(({ message }) => Buffer.from(encodeMessage(message)));

export const asBuffers = (frames: readonly Uint8Array[]): Buffer[] =>
  frames.map((frame) => Buffer.from(frame));

/** A WebSocket client that reads bytes and answers no ping. */
export async function muteClient(
  origin: string,
  path = "/ws",
): Promise<{ socket: Socket; bytes: () => Buffer }> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on("error", () => {});
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-MBX-APIKEY: k\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await new Promise((resolve) => socket.once("data", resolve));
  if (path === "/ws") socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { socket, bytes: () => Buffer.concat(chunks) };
}

/** Far more bytes than the network between two sockets holds: `count` diffs of 1.7 kB, ids from 1. */
export function wideDiffs(count: number): MarketSource {
  const bids = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 1e9 - i : 1));
  const message = (id: number): SbeMessage => ({
    kind: "depth_diff",
    event_time_us: START_US + id,
    first_book_update_id: id,
    last_book_update_id: id,
    price_exponent: -8,
    qty_exponent: -8,
    bids,
    asks: bids,
    symbol: "BTCUSDT",
  });
  const messages = function* () {
    for (let id = 1; id <= count; id++) yield { at_us: START_US + id, message: message(id) };
  };
  const snapshot = { last_update_id: 0, bids: [], asks: [] };
  return { symbol: "BTCUSDT", description: "wide diffs", start_us: START_US, snapshot, messages };
}

/** Lets the event loop turn. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
