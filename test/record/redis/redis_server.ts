/** A Redis of a test's own: `redis-server` on a free port, nothing kept on disk. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe } from "vitest";
import { freePort } from "../../free_port.ts";
import { met } from "../../met.ts";
import { tempDir } from "../server/temp_dir.ts";

const TLS = join(import.meta.dirname, "../../fixtures/tls");
const binary = Bun.which("redis-server");
if (!binary)
  console.warn("SKIPPED: redis-server is not installed, so nothing that needs a Redis is tested here");

export const hasRedis = binary !== null;

/** As `describe`, skipped where there is no redis-server. */
export const describeOnRedis = binary ? describe : describe.skip;

export class RedisServer {
  readonly port: number;
  readonly #args: readonly string[];
  readonly #tls: boolean;
  readonly #password: string | undefined;
  readonly #dir = tempDir();
  readonly #clients: Redis[] = [];
  #child: ReturnType<typeof Bun.spawn> | undefined;

  private constructor(port: number, { args = [], tls = false, password }: RedisServerOptions) {
    this.port = port;
    this.#args = args;
    this.#tls = tls;
    this.#password = password;
  }

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.start();
    return server;
  }

  get url(): string {
    const login = this.#password === undefined ? "" : `:${this.#password}@`;
    return `${this.#tls ? "rediss" : "redis"}://${login}localhost:${this.port}`;
  }

  /** On the same port, empty. */
  async start(): Promise<void> {
    const secured = ["--tls-cert-file", join(TLS, "server.pem"), "--tls-key-file", join(TLS, "server.key")];
    const listens = this.#tls
      ? [...["--port", "0", "--tls-port", String(this.port), "--tls-auth-clients", "no"], ...secured]
      : ["--port", String(this.port)];
    const secret = this.#password === undefined ? [] : ["--requirepass", this.#password];
    const child = Bun.spawn(
      [
        ...[binary!, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", this.#dir],
        ...[...listens, ...secret, ...this.#args],
      ],
      { stdout: "pipe", stderr: "inherit" },
    );
    this.#child = child;
    let said = "";
    void (async () => {
      for await (const chunk of child.stdout as ReadableStream<Uint8Array>)
        said += new TextDecoder().decode(chunk);
    })();
    await met("redis-server to listen", () => said.includes("Ready to accept connections"));
  }

  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  /** A client that looks at what is there. */
  client(): Redis {
    const client = new Redis(this.url, { protocol: 2 });
    client.on("error", () => {});
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

interface RedisServerOptions {
  readonly args?: readonly string[];
  readonly tls?: boolean;
  readonly password?: string;
}
