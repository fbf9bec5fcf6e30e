/**
 * The servers a suite runs against: an embedded one always (the run's, or one for this file alone), and, where the environment names them, a
 * TimescaleDB (TIMESCALE_URL), one with `timescaledb.license = 'apache'` in its configuration
 * (TIMESCALE_APACHE_URL) and an ordinary PostgreSQL (POSTGRES_URL). Every database is made for the
 * test and dropped after it.
 */

import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { type Database, openDatabase } from "../../../src/record/database.ts";
import {
  administer,
  copyTemplate,
  dropDatabase,
  makeTemplate,
  NAMED_SERVERS,
  SERVER_VARIABLE,
  sealTemplate,
  startServer,
  TEMPLATE_VARIABLE,
  urlOf,
} from "./prepared.ts";
import { tempDir } from "./temp_dir.ts";

export interface ServerUnderTest {
  readonly name: string;
  /** URL of a database that does not exist elsewhere, empty. */
  emptyDatabase(): Promise<string>;
  /** URL of a migrated database that holds nothing: where a service's own migration is not what is asked. */
  migratedDatabase(): Promise<string>;
  /** An opened, migrated database with a data directory of its own; a copy of `template` where one is given. */
  openDatabase(template?: string): Promise<Database>;
  /** A migrated database that `fill` has filled, for tests to copy instead of filling one each. */
  template(fill: (database: Database) => Promise<void>): Promise<string>;
}

class Server implements ServerUnderTest {
  readonly name: string;
  readonly #closers: (() => Promise<void>)[] = [];
  #url: string;
  #template: Promise<string> | undefined;

  constructor(name: string, url: string) {
    this.name = name;
    this.#url = url;
  }

  async start(): Promise<void> {
    if (this.#url) return;
    const server = await startServer();
    this.#url = server.url;
    this.#closers.push(() => server.close());
  }

  async stop(): Promise<void> {
    for (let close = this.#closers.pop(); close; close = this.#closers.pop()) await close();
    this.#template = undefined;
  }

  async emptyDatabase(): Promise<string> {
    const name = this.#newName();
    await administer(this.#url, `create database ${name} strategy file_copy`);
    return urlOf(this.#url, name);
  }

  async migratedDatabase(template?: string): Promise<string> {
    this.#template ??= this.#prepare();
    const name = this.#newName();
    await copyTemplate(this.#url, template ?? (await this.#template), name);
    return urlOf(this.#url, name);
  }

  async openDatabase(template?: string): Promise<Database> {
    const url = await this.migratedDatabase(template);
    const data_dir = tempDir();
    // The copy has all that a migration would look for.
    const where = { url, data_dir, migrate: false };
    const database = await openDatabase({ ...where, log: silentLogger, clock: systemClock });
    this.#closers.push(async () => {
      await database.close();
      rmSync(data_dir, { recursive: true, force: true });
    });
    return database;
  }

  async template(fill: (database: Database) => Promise<void>): Promise<string> {
    const database = await this.openDatabase();
    await fill(database);
    await database.close();
    const name = new URL(database.url).pathname.slice(1);
    await sealTemplate(this.#url, name);
    return name;
  }

  /** The run's template, or one for this file. */
  async #prepare(): Promise<string> {
    const prepared = process.env[TEMPLATE_VARIABLE];
    if (prepared) return prepared;
    const name = this.#newName();
    await makeTemplate(this.#url, name);
    return name;
  }

  /** Of a database that is dropped at the end. */
  #newName(): string {
    const name = `foretick_test_${randomUUID().replaceAll("-", "")}`;
    this.#closers.push(() => dropDatabase(this.#url, name));
    return name;
  }
}

/** The same suite on every server there is; the ones there are not say so in one line. */
export function onEveryServer(title: string, body: (server: ServerUnderTest) => void): void {
  const servers = [new Server("embedded PostgreSQL", process.env[SERVER_VARIABLE] ?? "")];
  for (const [name, variable] of Object.entries(NAMED_SERVERS)) {
    const url = process.env[variable];
    if (url) servers.push(new Server(name, url));
    else if (variable === "TIMESCALE_URL") {
      console.warn(`SKIPPED: "${title}" on ${name}: set ${variable} to a server to run it there too`);
    }
  }
  for (const server of servers) {
    describe(`${title} on ${server.name}`, () => {
      beforeAll(() => server.start());
      afterAll(() => server.stop());
      body(server);
    });
  }
}
