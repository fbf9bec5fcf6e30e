/** What the machine takes for a message to a bare WebSocket server and back. */

/** A bare WebSocket server that sends back what it gets. */
export function serveEcho(): void {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("echo", { status: 400 })),
    websocket: { message: (socket, message) => void socket.send(message) },
  });
  console.log(`ws://127.0.0.1:${server.port}`);
}

export async function opened(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return socket;
}

/** Round trips of a prediction's size. */
export class Echo {
  readonly took_ms = new Map<number, number>();
  readonly #socket: WebSocket;
  readonly #sent_ms = new Map<number, number>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
      const sec = Number.parseInt(data, 10);
      this.took_ms.set(sec, performance.now() - this.#sent_ms.get(sec)!);
    });
  }

  send(sec: number): void {
    this.#sent_ms.set(sec, performance.now());
    this.#socket.send(`${sec}`.padEnd(500, " "));
  }
}
