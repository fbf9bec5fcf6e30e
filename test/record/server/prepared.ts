/**
 * What a run prepares once for all its suites: an embedded PostgreSQL that does not wait for the disk, and
 * on every server a migrated database that tests copy instead of migrating one of their own.
 *
 * `scripts/test.ts` hands both on by environment. A test file that runs alone finds nothing there and
 * prepares the same for itself (servers.ts).
 */

import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { systemClock as clock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { openDatabase } from "../../../src/record/database.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { EmbeddedServer } from "../../../src/record/server/embedded/embedded.ts";
import { tempDir } from "./temp_dir.ts";

/** Names a URL of the prepared embedded server. */
export const SERVER_VARIABLE = "FORETICK_TEST_SERVER";
/** Names the migrated database that tests copy, the same on every server of the run. */
export const TEMPLATE_VARIABLE = "FORETICK_TEST_TEMPLATE";

/** The servers a person may name beside it, and how a suite calls them. */
export const NAMED_SERVERS = {
  TimescaleDB: "TIMESCALE_URL",
  "TimescaleDB under the Apache licence": "TIMESCALE_APACHE_URL",
  "ordinary PostgreSQL": "POSTGRES_URL",
} as const;

/** What is written is read by the same test: no crash is survived here, so nothing waits for the disk. */
const WITHOUT_DISK = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", autovacuum: "off" };
/** Several files at a time run services on it, each with the connections of one. */
const FOR_MANY = { max_connections: "200" };

/** A server, or a database on one, gone once it is closed. */
export interface PreparedServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Its own data directory, gone with it. */
export async function startServer(): Promise<PreparedServer> {
  const data_dir = tempDir();
  const settings = { ...WITHOUT_DISK, ...FOR_MANY };
  const server = await EmbeddedServer.start({ data_dir, clock, log, settings });
  const url = server.url("postgres");
  const { username, password } = new URL(url);
  // A client works out its proof in one round, not in 4096: a run makes thousands of connections.
  await administer(url, "set scram_iterations = 1", `alter role ${username} password '${password}'`);
  const close = async (): Promise<void> => {
    await server.close();
    rmSync(data_dir, { recursive: true, force: true });
  };
  return { url, close };
}

/** @returns the URL of `name` on the server of `url`. */
export function urlOf(url: string, name: string): string {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.href;
}

/** Makes a migrated database `name` on the server of `url` that nothing can connect to, only copy. */
export async function makeTemplate(url: string, name: string): Promise<void> {
  await administer(url, `create database ${name}`);
  const data_dir = tempDir();
  const database = await openDatabase({ url: urlOf(url, name), data_dir, log, clock });
  await database.close();
  rmSync(data_dir, { recursive: true, force: true });
  await sealTemplate(url, name);
}

/** From here on `name` can only be copied. Also keeps TimescaleDB's scheduler out, whose session would forbid the copy. */
export const sealTemplate = (url: string, name: string): Promise<void> =>
  administer(
    url,
    `alter database ${name} with allow_connections false`,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );

/** A copy by files: by the log, as is the default, it takes eight times as long. */
export const copyTemplate = (url: string, template: string, name: string): Promise<void> =>
  administer(url, `create database ${name} template ${template} strategy file_copy`);

export const dropDatabase = (url: string, name: string): Promise<void> =>
  administer(url, `drop database if exists ${name} with (force)`);

export async function administer(url: string, ...statements: string[]): Promise<void> {
  const sql = connectTo(url, { application_name: "foretick tests" });
  try {
    for (const statement of statements) await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

/** A copy of the run's template on its embedded server; undefined where a file runs alone. */
export async function preparedDatabase(): Promise<PreparedServer | undefined> {
  const { [SERVER_VARIABLE]: server, [TEMPLATE_VARIABLE]: template } = process.env;
  if (!server || !template) return undefined;
  const name = `foretick_test_${randomUUID().replaceAll("-", "")}`;
  await copyTemplate(server, template, name);
  return { url: urlOf(server, name), close: () => dropDatabase(server, name) };
}

/** A database of a test's own: on the run's server, or, where a file runs alone, an empty one on a server of its own. */
export const ownDatabase = async (): Promise<PreparedServer> => (await preparedDatabase()) ?? startServer();

export interface PreparedRun {
  /** What the suites read. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** @param urls of the servers there are beside the embedded one. */
export async function prepareRun(urls: readonly string[]): Promise<PreparedRun> {
  const server = await startServer();
  const template = `foretick_template_${randomUUID().replaceAll("-", "")}`;
  const close = async (): Promise<void> => {
    await Promise.all(urls.map((url) => dropDatabase(url, template)));
    await server.close();
  };
  try {
    await Promise.all([server.url, ...urls].map((url) => makeTemplate(url, template)));
  } catch (error) {
    await close();
    throw error;
  }
  return { environment: { [SERVER_VARIABLE]: server.url, [TEMPLATE_VARIABLE]: template }, close };
}
