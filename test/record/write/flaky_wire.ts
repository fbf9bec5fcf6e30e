/** A wire to a database that can be cut, mended, or made to swallow everything, as real networks do. */

import { connect, createServer, type Server, type Socket } from "node:net";

export class FlakyWire {
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #silent = false;

  constructor(url: string) {
    this.#target = new URL(url);
  }

  /** The database's URL through this wire. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = "127.0.0.1";
    url.port = String(this.#port);
    return url.href;
  }

  /** Accepts connections, always at the same port. */
  async mend(): Promise<void> {
    this.#silent = false;
    const server = createServer((near) => this.#join(near));
    this.#server = server;
    await new Promise<void>((done) => server.listen(this.#port, "127.0.0.1", done));
    const address = server.address();
    if (typeof address === "object" && address) this.#port = address.port;
  }

  /** Ends every connection and refuses new ones. */
  async cut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise<void>((done) => server.close(() => done()));
  }

  /** Connections stay open and nothing comes through any more. */
  silence(): void {
    this.#silent = true;
  }

  #join(near: Socket): void {
    const far = connect(Number(this.#target.port), this.#target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (data) => {
        if (!this.#silent) to.write(data);
      });
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
