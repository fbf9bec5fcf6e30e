/**
 * A WebSocket server that speaks the exchange's control frames and sends what a test tells it to, connection
 * by connection: what the paper exchange does of its own accord, a test of the client wants to do at a moment.
 */

import type { ServerWebSocket } from "bun";

interface Side {
  /** Order of arrival, from 0. */
  readonly index: number;
}

export interface Connection {
  readonly ws: ServerWebSocket<Side>;
  /** Texts the client sent. */
  readonly texts: string[];
  readonly pongs: string[];
  readonly headers: Headers;
  is_open: boolean;
}

export type Acknowledge = (request: { id: number; params: string[] }) => string | undefined;

export const acknowledge: Acknowledge = ({ id }) => JSON.stringify({ result: null, id });

export class TestExchange {
  readonly connections: Connection[] = [];
  /** Upgrades asked for, refused ones included; plain GETs are not counted. */
  upgrades = 0;
  /** Answers SUBSCRIBE; undefined stays silent. */
  acknowledge: Acknowledge = acknowledge;
  /** Refuses an upgrade; undefined lets it through. */
  refuse: (headers: Headers) => Response | undefined = (headers) =>
    headers.get("X-MBX-APIKEY") ? undefined : new Response("No X-MBX-APIKEY header", { status: 400 });
  readonly #server: ReturnType<typeof Bun.serve<Side>>;
  #next_headers = new Headers();

  constructor() {
    this.#server = Bun.serve<Side>({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, server) => {
        if (request.headers.get("Upgrade")) this.upgrades += 1;
        const refusal = this.refuse(request.headers);
        if (refusal) return refusal;
        this.#next_headers = request.headers;
        const data = { index: this.connections.length };
        return server.upgrade(request, { data })
          ? undefined
          : new Response("expected an upgrade", { status: 426 });
      },
      websocket: {
        perMessageDeflate: false,
        sendPings: false,
        open: (ws) => {
          this.connections[ws.data.index] = {
            ws,
            texts: [],
            pongs: [],
            headers: this.#next_headers,
            is_open: true,
          };
        },
        message: (ws, data) => {
          this.at(ws.data.index).texts.push(String(data));
          const answer = this.acknowledge(JSON.parse(String(data)));
          if (answer !== undefined) ws.sendText(answer);
        },
        pong: (ws, data) => {
          this.at(ws.data.index).pongs.push(data.toString());
        },
        close: (ws) => {
          this.at(ws.data.index).is_open = false;
        },
      },
    });
  }

  get origin(): string {
    return `ws://127.0.0.1:${this.#server.port}`;
  }

  at(index: number): Connection {
    const connection = this.connections[index];
    if (!connection) throw new RangeError(`expected connection ${index}, were ${this.connections.length}`);
    return connection;
  }

  get open_count(): number {
    return this.connections.filter((connection) => connection.is_open).length;
  }

  /** Sends frames over one connection. */
  send(index: number, ...frames: Uint8Array[]): void {
    for (const frame of frames) this.at(index).ws.sendBinary(frame);
  }

  /** Ends a connection without a word. */
  cut(index: number): void {
    this.at(index).ws.terminate();
  }

  async close(): Promise<void> {
    await this.#server.stop(true);
  }
}
