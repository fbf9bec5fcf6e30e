/**
 * The paper exchange: a local exchange that a client cannot distinguish from Binance, over real sockets. It
 * plays a market source at a speed; the SBE streams, REST and the archive of files share one port and one
 * state.
 *
 * Time. The market's times are the source's, or, with `shift_to_now`, moved by whole seconds so that the
 * market's clock reads now at the start. At speed 1 it keeps reading now; at speed n it runs n times as fast.
 */

import { type Clock, systemClock } from "../../base/clock.ts";
import { assert, describeError, fail } from "../../base/errors.ts";
import { type Logger, silentLogger } from "../../base/log.ts";
import { US_PER_SEC } from "../../base/units.ts";
import type { SourceMessage } from "../../binance/capture/market_source.ts";
import type { StreamName } from "../../binance/events.ts";
import { encodeMessage } from "../../binance/sbe/encode.ts";
import type { SbeMessage } from "../../binance/sbe/messages.ts";
import { shiftedTo } from "../recording/shifted.ts";
import { ArchiveServer } from "./archive.ts";
import { PaperMarket } from "./market.ts";
import type { ExchangeHandler, ExchangeServer, PaperExchangeOptions } from "./options.ts";
import { Player, type Speed } from "./player.ts";
import { Renumbering } from "./renumbering.ts";
import { RestServer } from "./rest/rest.ts";
import { RestFaults } from "./rest/rest_faults.ts";
import { Connection } from "./streams/connection.ts";
import { Depth20 } from "./streams/depth20.ts";
import { StreamFaults } from "./streams/faults.ts";
import { StreamServer } from "./streams/streams.ts";

/** The streams by template; each message goes to one. */
const STREAM_OF: Readonly<Record<SbeMessage["kind"], StreamName>> = {
  trades: "trade",
  best_bid_ask: "bestBidAsk",
  depth_diff: "depth",
  depth_snapshot: "depth20",
};

export class PaperExchange {
  readonly counters = { messages: 0, absorbed: 0 };
  readonly faults = new StreamFaults();
  readonly rest_faults = new RestFaults();
  /** Makes the exchange count from the start again. */
  readonly renumbering = new Renumbering();
  readonly streams: StreamServer;
  readonly rest: RestServer;
  readonly archive: ArchiveServer;
  readonly #options: PaperExchangeOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #market: PaperMarket;
  readonly #depth20: Depth20;
  readonly #names: Readonly<Record<StreamName, string>>;
  readonly #start_on: "listen" | "first_subscriber" | "play";
  #player: Player | undefined;
  #server: ExchangeServer | undefined;

  constructor(options: PaperExchangeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = (options.log ?? silentLogger).child({ stage: "exchange" });
    this.#start_on = options.start_on ?? (options.speed === "max" ? "first_subscriber" : "listen");
    const { source } = options;
    this.#market = new PaperMarket(source.symbol, source.snapshot);
    this.#depth20 = new Depth20(this.#market);
    const lower = source.symbol.toLowerCase();
    this.#names = {
      trade: `${lower}@trade`,
      bestBidAsk: `${lower}@bestBidAsk`,
      depth: `${lower}@depth`,
      depth20: `${lower}@depth20`,
    };
    this.streams = new StreamServer({
      clock: this.#clock,
      require_key: options.require_key ?? true,
      ping_every_s: options.ping_every_s ?? 20,
      pong_within_s: options.pong_within_s ?? 60,
      cut_after_s: options.cut_after_s ?? 86_400,
      on_subscriber: () => this.#subscribed(),
      on_drained: () => this.#player?.resume(),
    });
    this.rest = new RestServer({
      market: this.#market,
      market_us: () => this.market_us,
      server_us: () => this.market_us + this.faults.server_shift_us,
      clock: this.#clock,
      ...(options.limits ? { limits: options.limits } : {}),
    });
    this.archive = new ArchiveServer({
      market: this.#market,
      market_us: () => this.market_us,
      ...(options.archive ? { style: options.archive } : {}),
    });
  }

  /** The market's clock (µs). */
  get market_us(): number {
    return this.#player?.market_us ?? this.#options.source.start_us;
  }

  get ended(): boolean {
    return this.#player?.ended ?? false;
  }

  /**
   * Takes the history in and listens. Origins are without a path, as the configuration wants them.
   *
   * @throws ForetickError TAPE_INVALID where the history cannot be read, CONFIG_INVALID where the port is taken.
   */
  async start(): Promise<{ ws_origin: string; rest_origin: string }> {
    assert(this.#player === undefined, "a paper exchange is started once");
    const player = this.#createPlayer();
    this.#player = player;
    player.absorb();
    this.#server = this.#listen();
    // Taking history in has cost time that the market's clock, which may be today's, does not lose.
    if (this.#start_on === "listen") player.play(this.#options.speed, true);
    const address = `${this.#server.hostname}:${this.#server.port}`;
    this.#log.info({ address, source: this.#options.source.description, ...this.counters }, "listening");
    return { ws_origin: `ws://${address}`, rest_origin: `http://${address}` };
  }

  /** Starts the market, or lets it go on at another speed. */
  play(speed?: Speed): void {
    this.#player?.play(speed ?? this.#options.speed);
  }

  /** Ends every connection as a broken network does: without a close frame. */
  cutConnections(): void {
    this.streams.cut();
  }

  /** Leaves every connection open and silent for good, as a network does that has forgotten it. New ones are well. */
  deafenConnections(): void {
    this.streams.deafen();
  }

  /** The symbol's status by `exchangeInfo`; streams and market are not touched by it. */
  setStatus(status: string): void {
    this.rest.status = status;
  }

  /** Ends every fault: held frames are sent, deaf connections cut. A new numbering stays. */
  well(): void {
    for (const stream of Object.keys(this.#names) as StreamName[]) this.release(stream);
    this.faults.clear();
    this.rest_faults.end();
    this.rest.status = "TRADING";
    this.streams.cutDeaf();
  }

  /** Sends `serverShutdown` to every client. */
  announceShutdown(): void {
    this.streams.announceShutdown(Math.floor(this.#clock.now() / 1e3));
  }

  /** Sends what `faults.hold(stream)` has held back, late, and holds no more. */
  release(stream: StreamName): void {
    for (const frame of this.faults.release(stream)) this.streams.publish(this.#names[stream], frame);
    this.streams.flush();
  }

  async close(): Promise<void> {
    this.#player?.close();
    this.streams.close();
    const server = this.#server;
    this.#server = undefined;
    await server?.stop(true);
  }

  #listen(): ExchangeServer {
    const { port = 0, hostname = "127.0.0.1", listen } = this.#options;
    const handler: ExchangeHandler = {
      fetch: (request, server) => this.#fetch(request, server),
      websocket: this.streams.handler,
    };
    if (listen) return listen(handler);
    try {
      return Bun.serve<Connection>({
        port,
        hostname,
        // A request that hangs on purpose hangs: its client's limit ends it.
        idleTimeout: 0,
        ...handler,
      });
    } catch (cause) {
      this.#player?.close();
      const message = `port ${port} of ${hostname} expected to be free, could not be listened on; choose another`;
      return fail("CONFIG_INVALID", message, { cause });
    }
  }

  #createPlayer(): Player {
    const history_us = (this.#options.history_s ?? 0) * US_PER_SEC;
    const shift = this.#options.shift_to_now ?? false;
    const now_us = this.#clock.now();
    const source = shift ? shiftedTo(this.#options.source, now_us - history_us) : this.#options.source;
    return new Player({
      messages: source.messages(),
      speed: this.#options.speed,
      clock: this.#clock,
      // Times move by whole seconds only: where that leaves up to a second over, it is history too.
      absorb_until_us: shift ? now_us : source.start_us + history_us - 1,
      on_message: (entry, sent) => this.#take(entry, sent),
      on_step: () => this.streams.flush(),
      congested: () => this.streams.congested || this.#waitsForSubscribers(),
      on_end: (error) => this.#sourceEnded(error),
    });
  }

  #take(entry: SourceMessage, sent: boolean): void {
    const { at_us } = entry;
    if (this.renumbering.takeBeginning()) this.#market.forgetIds();
    const message = this.renumbering.of(entry.message);
    if (sent) {
      this.counters.messages++;
      const wanted = this.streams.hasSubscriber(this.#names.depth20);
      const snapshot = wanted ? this.#depth20.before(at_us) : undefined;
      if (snapshot) this.#publish(snapshot, undefined);
    } else {
      this.counters.absorbed++;
    }
    this.#depth20.see(message);
    // The book before the frame: a client that gets a diff and asks REST at once gets a snapshot that has it.
    this.#market.apply(message, at_us);
    if (sent) this.#publish(message, message === entry.message ? entry.frame : undefined);
  }

  #publish(message: SbeMessage, frame: Uint8Array | undefined): void {
    const stream = STREAM_OF[message.kind];
    const name = this.#names[stream];
    if (!this.streams.hasSubscriber(name)) return;
    const spoiled = this.faults.spoiled(stream, message);
    const encoded = spoiled === message && frame ? frame : encodeMessage(spoiled);
    for (const sent of this.faults.sent(stream, encoded)) this.streams.publish(name, sent);
  }

  #subscribed(): void {
    if (this.#start_on === "first_subscriber" && !this.#player?.started) this.play();
    if (!this.streams.congested) this.#player?.resume();
  }

  #waitsForSubscribers(): boolean {
    const waits = this.#player?.speed === "max" && this.#start_on === "first_subscriber";
    return waits && !this.streams.has_subscribers;
  }

  #sourceEnded(error: unknown): void {
    if (error === undefined) this.#log.info({ ...this.counters }, "the source has ended");
    else this.#log.error({ ...this.counters, reason: describeError(error) }, "the source cannot be read on");
    this.#options.on_end?.(error);
  }

  #fetch(request: Request, server: ExchangeServer): Response | Promise<Response> | undefined {
    const url = new URL(request.url);
    const ip = server.requestIP(request)?.address ?? "unknown";
    const path = url.pathname;
    if (this.archive.answers(path)) return this.archive.answer(request, url);
    if (path !== "/ws" && path !== "/stream" && !path.startsWith("/ws/")) {
      return this.rest_faults.answer(url, () => this.rest.answer(request, url, ip));
    }
    const admitted = this.streams.admit(request, url, ip);
    if (!(admitted instanceof Connection)) return admitted;
    if (server.upgrade(request, { data: admitted })) return undefined;
    return new Response("Bad Request", { status: 400 });
  }
}
