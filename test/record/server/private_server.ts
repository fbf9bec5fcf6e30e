/** A server of a test's own, to be set up as databases out there are: with TLS, with limits, behind other addresses. */

import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, copyFileSync, statSync } from "node:fs";
import { connect as connectSocket, createServer, type Server } from "node:net";
import { join } from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import { parseAddress } from "../../../src/record/server/address.ts";
import { offersTls } from "../../../src/record/server/tls.ts";
import { met } from "../../met.ts";
import { administer, type PreparedServer, startServer, urlOf } from "./prepared.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/tls");
export const CA_FILE = join(FIXTURES, "ca.pem");
export const OTHER_CA_FILE = join(FIXTURES, "other_ca.pem");

export class PrivateServer {
  readonly url: string;
  readonly #server: PreparedServer;
  readonly #relays: Server[] = [];
  #made = 0;

  private constructor(server: PreparedServer) {
    this.#server = server;
    this.url = server.url;
  }

  static async start(): Promise<PrivateServer> {
    return new PrivateServer(await startServer());
  }

  /** Turns TLS on, with a certificate for localhost of a private authority. */
  async useTls(data_dir: string): Promise<void> {
    const owner = statSync(data_dir);
    for (const file of ["server.pem", "server.key"]) {
      const copy = join(data_dir, file);
      copyFileSync(join(FIXTURES, file), copy);
      // A checkout keeps no such mode; the server refuses a key that others may read.
      chmodSync(copy, 0o600);
      chownSync(copy, owner.uid, owner.gid);
    }
    await this.run(
      `alter system set ssl_cert_file = '${join(data_dir, "server.pem")}'`,
      `alter system set ssl_key_file = '${join(data_dir, "server.key")}'`,
      "alter system set ssl = on",
      "select pg_reload_conf()",
    );
    // The postmaster reads its configuration when it comes to it.
    await met("TLS", () => offersTls(parseAddress(this.url), systemClock));
  }

  run(...statements: string[]): Promise<void> {
    return administer(this.url, ...statements);
  }

  /** A database of its own, owned by a role of its own. */
  async database(
    settings: { readonly role?: string; readonly database?: string } = {},
  ): Promise<{ url: string; name: string; password: string }> {
    const name = `home_${++this.#made}`;
    const password = randomBytes(12).toString("hex");
    await this.run(
      `create role ${name} login password '${password}' ${settings.role ?? ""}`,
      `create database ${name} owner ${name} ${settings.database ?? ""}`,
    );
    const url = new URL(urlOf(this.url, name));
    url.username = name;
    url.password = password;
    url.search = "";
    return { url: url.href, name, password };
  }

  /** Listens elsewhere and passes everything on to the server. */
  async relay(
    where: { readonly path: string } | { readonly host: string; readonly port: number },
  ): Promise<number> {
    const { hostname, port } = new URL(this.url);
    const server = createServer((client) => {
      const upstream = connectSocket(Number(port), hostname);
      client.pipe(upstream).pipe(client);
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        socket.on("error", () => other.destroy());
        socket.on("close", () => other.destroy());
      }
    });
    this.#relays.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(where, resolve);
    });
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const relay of this.#relays) relay.close();
    await this.#server.close();
  }
}
