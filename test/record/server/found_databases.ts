/** Databases as they are found out there: what is refused, with its sentence, and what works. */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectTo } from "../../../src/record/server/client.ts";
import { urlOf } from "./prepared.ts";
import type { PrivateServer } from "./private_server.ts";

export interface Home {
  readonly url: string;
  readonly name: string;
  readonly password: string;
}

export interface Case {
  readonly what: string;
  /** Makes the database as it is found, and gives the URL to open. */
  readonly url: (server: PrivateServer, home: Home) => Promise<string> | string;
  /** What the role or the database are made with. */
  readonly role?: string;
  readonly database?: string;
  readonly code?: string;
  readonly says?: RegExp;
}

const inHome = (server: PrivateServer, { name }: Home, ...statements: string[]) =>
  statements.reduce(async (before, statement) => {
    await before;
    const sql = connectTo(urlOf(server.url, name));
    await sql.unsafe(statement);
    await sql.end();
  }, Promise.resolve());

export const changed = (url: string, change: (url: URL) => void): string => {
  const other = new URL(url);
  change(other);
  return other.href;
};

export const REFUSED: readonly Case[] = [
  {
    what: "a wrong password",
    url: (_, { url }) => changed(url, (other) => (other.password = "s3cret-and-wrong")),
    code: "STORE_REFUSED",
    says: /the password of role home_\d+ is not the right one\. Correct DATABASE_URL/,
  },
  {
    what: "a database that is not there",
    url: (_, { url }) => changed(url, (other) => (other.pathname = "/nowhere")),
    code: "STORE_REFUSED",
    says: /it has no database nowhere\. Run `create database nowhere owner home_\d+`/,
  },
  {
    what: "a host that is not known",
    url: (_, { url }) => changed(url, (other) => (other.hostname = "no-such-host.invalid")),
    code: "STORE_UNREACHABLE",
    says: /host no-such-host\.invalid (is not known|could not be looked up)\. Check/,
  },
  {
    what: "nothing that listens",
    url: (_, { url }) => changed(url, (other) => (other.port = "1")),
    code: "STORE_UNREACHABLE",
    says: /nothing listens there\. Start the database, or check DATABASE_URL/,
  },
  {
    what: "a Unix socket that is not there",
    url: (_, { url, password }) =>
      `postgres://home:${password}@/${new URL(url).pathname.slice(1)}?host=/tmp/nowhere`,
    code: "STORE_UNREACHABLE",
    says: /there is no socket \/tmp\/nowhere\/\.s\.PGSQL\.5432\. Start the database/,
  },
  {
    what: "a closed schema public",
    url: async (server, home) => {
      await inHome(
        server,
        home,
        "alter schema public owner to foretick",
        `revoke all on schema public from ${home.name}, public`,
        `grant usage on schema public to ${home.name}`,
      );
      return home.url;
    },
    code: "STORE_REFUSED",
    says: /role home_\d+ expected to create tables in schema public of database home_\d+, may not\..*`grant create on schema public to home_\d+`.*MIGRATE=off/,
  },
  {
    what: "no schema at all",
    url: async (server, home) => {
      await inHome(server, home, "drop schema public cascade");
      return home.url;
    },
    code: "STORE_REFUSED",
    says: /expected a schema to work in, its search_path \(.*\) names none/,
  },
  {
    what: "tables of another program",
    url: async (server, home) => {
      await inHome(server, home, "create table trades (id int)", "create view quotes as select 1 as one");
      return home.url;
    },
    code: "STORE_REFUSED",
    says: /schema public expected to be free for foretick's tables, has quotes, trades of another origin\..*DATABASE_SCHEMA=foretick/,
  },
  {
    what: "a database in LATIN1",
    database: "encoding 'LATIN1' locale_provider libc locale 'C' template template0",
    url: (_, { url }) => url,
    code: "STORE_REFUSED",
    says: /database home_\d+ expected encoding UTF8, has LATIN1\. Make one with `create database/,
  },
  {
    what: "a role with four connections",
    role: "connection limit 4",
    url: (_, { url }) => url,
    code: "STORE_REFUSED",
    says: /role home_\d+ expected to have at least 5 connections for a service, may have 4\. Run `alter role home_\d+ connection limit 20`/,
  },
  {
    what: "a role with one connection",
    role: "connection limit 1",
    url: (_, { url }) => url,
    code: "STORE_UNREACHABLE",
    says: /role home_\d+ has no connection left.*`alter role home_\d+ connection limit 20`/,
  },
];

export const WORKING: readonly Case[] = [
  { what: "a role with five connections", role: "connection limit 5", url: (_, { url }) => url },
  {
    what: "a % in the password as it is",
    url: async (server, home) => {
      await server.run(`alter role ${home.name} password '100%sure%'`);
      return home.url.replace(home.password, "100%sure%");
    },
  },
  {
    what: "an @, a / and a : in the password as they are",
    url: async (server, home) => {
      await server.run(`alter role ${home.name} password 'a@b/c:d?e'`);
      return home.url.replace(home.password, "a@b/c:d?e");
    },
  },
  {
    what: "an IPv6 host",
    url: async (server, home) => {
      const port = await server.relay({ host: "::1", port: 0 });
      return home.url.replace(/127\.0\.0\.1:\d+/, `[::1]:${port}`);
    },
  },
  {
    what: "a Unix socket",
    url: async (server, { name, password }) => {
      const directory = mkdtempSync(join(tmpdir(), "foretick-socket-"));
      await server.relay({ path: join(directory, ".s.PGSQL.5432") });
      return `postgres://${name}:${password}@/${name}?host=${directory}`;
    },
  },
  {
    what: "a schema of its own beside tables of another program",
    url: async (server, home) => {
      await inHome(
        server,
        home,
        "create table trades (id int)",
        `create schema own authorization ${home.name}`,
        `alter role ${home.name} set search_path = own`,
      );
      return home.url;
    },
  },
];
