/**
 * The servers a suite runs against: the embedded one always, and, where the environment names them, a
 * TimescaleDB (TIMESCALE_URL), one with `timescaledb.license = 'apache'` in its configuration
 * (TIMESCALE_APACHE_URL) and an ordinary PostgreSQL (POSTGRES_URL). Every database is made for the
 * test and dropped after it.
 */

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import { connectTo, type Database, openDatabase } from "../../src/record/database.ts";
import { EmbeddedServer } from "../../src/record/embedded_server.ts";

export interface ServerUnderTest {
  readonly name: string;
  /** URL of a database that does not exist elsewhere, empty. */
  emptyDatabase(): Promise<string>;
  /** An opened, migrated database with a data directory of its own. */
  openDatabase(): Promise<Database>;
}

export const tempDir = (): string => mkdtempSync(join(tmpdir(), "foretick-test-"));

class Server implements ServerUnderTest {
  readonly name: string;
  readonly #closers: (() => Promise<void>)[] = [];
  #url: string;

  constructor(name: string, url: string) {
    this.name = name;
    this.#url = url;
  }

  async start(): Promise<void> {
    if (this.#url) return;
    const data_dir = tempDir();
    const server = await EmbeddedServer.start({ data_dir, clock: systemClock, log: silentLogger });
    this.#url = server.url("postgres");
    this.#closers.push(async () => {
      await server.close();
      rmSync(data_dir, { recursive: true, force: true });
    });
  }

  async stop(): Promise<void> {
    for (let close = this.#closers.pop(); close; close = this.#closers.pop()) await close();
  }

  async emptyDatabase(): Promise<string> {
    const name = `foretick_test_${randomUUID().replaceAll("-", "")}`;
    await this.#administer(`create database ${name}`);
    this.#closers.push(() => this.#administer(`drop database if exists ${name} with (force)`));
    const url = new URL(this.#url);
    url.pathname = `/${name}`;
    return url.href;
  }

  async openDatabase(): Promise<Database> {
    const data_dir = tempDir();
    const url = await this.emptyDatabase();
    const database = await openDatabase({ url, data_dir, log: silentLogger, clock: systemClock });
    this.#closers.push(async () => {
      await database.close();
      rmSync(data_dir, { recursive: true, force: true });
    });
    return database;
  }

  async #administer(statement: string): Promise<void> {
    const sql = connectTo(this.#url);
    await sql.unsafe(statement);
    await sql.end();
  }
}

const NAMED = {
  TimescaleDB: "TIMESCALE_URL",
  "TimescaleDB under the Apache licence": "TIMESCALE_APACHE_URL",
  "ordinary PostgreSQL": "POSTGRES_URL",
} as const;

/** The same suite on every server there is; the ones there are not say so in one line. */
export function onEveryServer(title: string, body: (server: ServerUnderTest) => void): void {
  const servers = [new Server("embedded PostgreSQL", "")];
  for (const [name, variable] of Object.entries(NAMED)) {
    const url = process.env[variable];
    if (url) servers.push(new Server(name, url));
    else if (variable === "TIMESCALE_URL") {
      console.warn(`SKIPPED: "${title}" on ${name}: set ${variable} to a server to run it there too`);
    }
  }
  for (const server of servers) {
    describe(`${title} on ${server.name}`, () => {
      beforeAll(() => server.start(), 60_000);
      afterAll(() => server.stop(), 60_000);
      body(server);
    });
  }
}
