/**
 * A client of the paper exchange as bare as can be: it keeps what arrives and lets a test wait for it. It
 * does not use the product's own stream client, so that the two are not tested against each other only.
 */

export interface ClosedBy {
  readonly code: number;
  readonly reason: string;
}

export class SocketClient {
  readonly frames: Uint8Array[] = [];
  readonly texts: string[] = [];
  closed: ClosedBy | undefined;
  readonly #socket: WebSocket;
  #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.texts.push(data);
      else this.frames.push(new Uint8Array(data as ArrayBuffer));
      this.#check();
    };
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      this.#check();
    });
  }

  static async open(url: string, key: string | undefined = "paper"): Promise<SocketClient> {
    const headers = key === undefined ? {} : { "X-MBX-APIKEY": key };
    const socket = new WebSocket(url, { headers, perMessageDeflate: false } as unknown as string[]);
    const client = new SocketClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", (event) => reject(new Error((event as ErrorEvent).message)));
    });
    return client;
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  ping(): void {
    (this.#socket as unknown as { ping(): void }).ping();
  }

  /** Resolves as soon as `holds` does; checked whenever something arrives. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ holds, resolve }));
  }

  async ask(message: unknown): Promise<unknown> {
    const before = this.texts.length;
    this.send(message);
    await this.until(() => this.texts.length > before);
    return JSON.parse(this.texts[before]!);
  }

  close(): void {
    this.#socket.close();
  }

  #check(): void {
    const met = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((waiting) => !met.includes(waiting));
    for (const { resolve } of met) resolve();
  }
}
