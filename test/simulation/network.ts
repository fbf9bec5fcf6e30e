/**
 * The network between the service and the paper exchange, in memory: sockets and requests whose every step costs time
 * of the simulated clock. The exchange's own code answers; what it sends arrives in order, after a delay.
 */

import type { ServerWebSocket } from "bun";
import type { Rng } from "../../src/base/rng.ts";
import type { Network, WireSocket } from "../../src/binance/network.ts";
import type { ExchangeHandler, ExchangeServer } from "../../src/sim/exchange/options.ts";
import type { Connection } from "../../src/sim/exchange/streams/connection.ts";
import type { SimulatedClock } from "./clock.ts";
import type { SimulatedProcess } from "./process.ts";

/** From one side to the other (ms): at least, and at most this much more. */
const WAY_MS = 2;
const WAY_SPREAD_MS = 6;

type Listener = (event: unknown) => void;

export class SimulatedNetwork {
  readonly #clock: SimulatedClock;
  readonly #rng: Rng;
  #handler: ExchangeHandler | undefined;
  /** Nothing gets through, and what was open is cut. */
  #down = false;
  readonly #open = new Set<ClientSocket>();
  /** Answers whose text is being read for real: time stands still meanwhile. */
  reading = 0;

  constructor(clock: SimulatedClock, rng: Rng) {
    this.#clock = clock;
    this.#rng = rng;
  }

  get down(): boolean {
    return this.#down;
  }

  /** Sockets that are open, of whatever process. */
  get open(): number {
    return this.#open.size;
  }

  readonly listen = (handler: ExchangeHandler): ExchangeServer => {
    this.#handler = handler;
    return this.#server(() => false);
  };

  goDown(): void {
    this.#down = true;
    for (const socket of [...this.#open]) socket.cutByNetwork();
  }

  comeUp(): void {
    this.#down = false;
  }

  /** The network as one process has it. */
  of(process: SimulatedProcess): Network {
    return {
      openSocket: (url, headers) => {
        const socket = this.#connect(url, headers, process);
        return socket as unknown as WireSocket;
      },
      fetch: (url, init) => process.gate(this.#fetch(url, init)),
    };
  }

  wayMs(): number {
    return WAY_MS + this.#rng.uniform() * WAY_SPREAD_MS;
  }

  #connect(url: string, headers: Readonly<Record<string, string>>, process: SimulatedProcess): ClientSocket {
    const socket = new ClientSocket(this.#clock, this.wayMs(), process, (gone) => this.#open.delete(gone));
    process.onDeath(() => socket.terminate());
    this.#clock.after(2 * socket.way_ms, () => {
      if (socket.readyState !== WebSocket.CONNECTING) return;
      if (this.#down) return socket.refuse("the connection was refused");
      const request = new Request(url.replace(/^ws/, "http"), {
        headers: { ...headers, upgrade: "websocket" },
      });
      const refused = this.#handler!.fetch(
        request,
        this.#server((data) => {
          this.#open.add(socket);
          socket.accept(data, this.#handler!);
          return true;
        }),
      );
      if (refused instanceof Response) {
        socket.refuse(`Unexpected server response, status code: ${refused.status}`);
      }
    });
    return socket;
  }

  #server(onUpgrade: (data: Connection) => boolean): ExchangeServer {
    return {
      hostname: "exchange",
      port: 80,
      requestIP: () => ({ address: "10.0.0.1", family: "IPv4", port: 1 }),
      upgrade: (_: Request, options: { readonly data: Connection }) => onUpgrade(options.data),
      stop: async () => {},
    } as unknown as ExchangeServer;
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const [there_ms, back_ms] = [this.wayMs(), this.wayMs()];
    init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    this.#clock.after(there_ms, () => {
      if (init.signal?.aborted) return;
      if (this.#down) return reject(Object.assign(new Error("refused"), { code: "ConnectionRefused" }));
      const { headers } = init;
      const request = new Request(url, headers ? { headers } : {});
      const answer = this.#handler!.fetch(
        request,
        this.#server(() => false),
      );
      if (answer) void this.#read(answer, url, (read) => this.#clock.after(back_ms, () => resolve(read)));
    });
    return promise;
  }

  async #read(
    answer: Response | Promise<Response>,
    url: string,
    then: (read: Response) => void,
  ): Promise<void> {
    // One that hangs is not waited for.
    const response = answer instanceof Response ? answer : await answer;
    this.reading++;
    const huge = !response.headers.has("x-mbx-used-weight") && response.ok;
    const text = huge ? HUGE : await response.text();
    this.reading--;
    then(readableOnce(response, url, text));
  }
}

/** Stands for a body that is larger than anything a client may read. */
const HUGE = undefined;
const PIECE_BYTES = 1 << 24;

/** A response whose body is read within microtasks, so that a run does not depend on how the runtime reads streams. */
function readableOnce(response: Response, url: string, text: string | undefined): Response {
  const pieces = text === undefined ? endless() : [new TextEncoder().encode(text)];
  const body = {
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      yield* pieces;
    },
  };
  const { status, ok, headers } = response;
  return { status, ok, headers, url, body } as unknown as Response;
}

function* endless(): Generator<Uint8Array> {
  const piece = { byteLength: PIECE_BYTES } as Uint8Array;
  for (let at = 0; at < 64; at++) yield piece;
}

/** Both ends of one WebSocket. */
class ClientSocket {
  binaryType = "nodebuffer";
  readyState: number = WebSocket.CONNECTING;
  readonly way_ms: number;
  readonly #clock: SimulatedClock;
  readonly #process: SimulatedProcess;
  readonly #onGone: (socket: ClientSocket) => void;
  readonly #listeners = new Map<string, Listener[]>();
  #server: ServerWebSocket<Connection> | undefined;
  #handler: ExchangeHandler | undefined;
  #pending: (() => void)[] | undefined;

  constructor(
    clock: SimulatedClock,
    way_ms: number,
    process: SimulatedProcess,
    onGone: (socket: ClientSocket) => void,
  ) {
    this.#clock = clock;
    this.way_ms = way_ms;
    this.#process = process;
    this.#onGone = onGone;
  }

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? [];
    listeners.push(listener);
    this.#listeners.set(type, listeners);
  }

  send(text: string): void {
    this.#clock.after(this.way_ms, () => {
      if (this.#server) void this.#handler!.websocket.message!(this.#server, text);
    });
  }

  close(): void {
    this.readyState = WebSocket.CLOSING;
    this.#clock.after(this.way_ms, () => {
      this.#serverGone();
      this.#clock.after(this.way_ms, () => this.#ended(1000, ""));
    });
  }

  terminate(): void {
    this.readyState = WebSocket.CLOSED;
    this.#listeners.clear();
    this.#clock.after(this.way_ms, () => this.#serverGone());
  }

  /** The exchange has taken the upgrade. */
  accept(data: Connection, handler: ExchangeHandler): void {
    this.#handler = handler;
    const end = (code: number, reason: string): void => {
      this.#serverGone();
      this.#arrives(() => this.#ended(code, reason));
    };
    this.#server = {
      data,
      cork: (run: () => void) => run(),
      sendBinary: (frame: Uint8Array) => {
        const sent = Buffer.from(frame);
        this.#arrives(() => this.#tell("message", { data: sent }));
        return frame.length;
      },
      sendText: (text: string) => {
        this.#arrives(() => this.#tell("message", { data: text }));
        return text.length;
      },
      ping: (payload: string) => {
        this.#arrives(() => {
          this.#tell("ping", {});
          this.#clock.after(this.way_ms, () => {
            if (this.#server) void handler.websocket.pong?.(this.#server, Buffer.from(payload));
          });
        });
        return payload.length;
      },
      close: (code = 1000, reason = "") => end(code, reason),
      terminate: () => end(1006, ""),
      getBufferedAmount: () => 0,
    } as unknown as ServerWebSocket<Connection>;
    void handler.websocket.open?.(this.#server);
    this.#arrives(() => {
      this.readyState = WebSocket.OPEN;
      this.#tell("open", {});
    });
  }

  refuse(message: string): void {
    this.#arrives(() => {
      this.#tell("error", { message });
      this.#ended(1006, "");
    });
  }

  cutByNetwork(): void {
    this.#serverGone();
    this.#ended(1006, "");
  }

  /** What the exchange does at one moment arrives together. */
  #arrives(run: () => void): void {
    if (this.#pending) {
      this.#pending.push(run);
      return;
    }
    const pending = [run];
    this.#pending = pending;
    queueMicrotask(() => {
      this.#pending = undefined;
      this.#clock.after(this.way_ms, () => {
        for (const one of pending) one();
      });
    });
  }

  #serverGone(): void {
    const server = this.#server;
    this.#server = undefined;
    this.#onGone(this);
    if (server) void this.#handler!.websocket.close?.(server, 1006, "");
  }

  #ended(code: number, reason: string): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.#tell("close", { code, reason });
  }

  #tell(type: string, event: unknown): void {
    if (!this.#process.alive) return;
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}
