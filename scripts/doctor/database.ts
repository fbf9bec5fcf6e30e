/** The database, opened as any command opens it, and looked at: nothing is made or changed. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../src/base/config.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { Database } from "../../src/record/database.ts";
import { requireConnections } from "../../src/record/database.ts";
import { isSocketDirectory, parseAddress, placeOf } from "../../src/record/server/address.ts";
import { findServerBinaries } from "../../src/record/server/embedded/binaries.ts";
import { requireServiceRights } from "../../src/record/server/rights.ts";
import { chooseServerUser } from "../../src/record/server/user.ts";
import { asked } from "../../src/record/sql/asked.ts";
import { requireMayCreate } from "../../src/record/sql/install/creation_checks.ts";
import { describeSchema, isOwn, MIGRATE_REMEDY } from "../../src/record/sql/install/schema_version.ts";
import { openStore } from "../store/open_store.ts";
import { bad, type Check, type Finding, failed, type Named, ok, warn } from "./check.ts";
import { existingAbove } from "./disk.ts";

type Of = Pick<Config, "database_url" | "data_dir" | "migrate">;

/** Opened once, by whoever asks first. */
export class DoctorDatabase {
  readonly #config: Of;
  #opening: Promise<Database> | undefined;

  constructor(config: Of) {
    this.#config = config;
  }

  /** No database of others is named, and none of our own has been made. */
  get isToBeMade(): boolean {
    const { database_url, data_dir } = this.#config;
    return database_url === undefined && !existsSync(join(data_dir, "postgres"));
  }

  /** @throws ForetickError what a start would be refused with. */
  open(): Promise<Database> {
    const { database_url: url, data_dir } = this.#config;
    // Schema 0: whatever tables there are, it is opened.
    this.#opening ??= openStore({ url, data_dir, log: silentLogger, use: "read", schema: 0 });
    return this.#opening;
  }

  async close(): Promise<void> {
    await this.#opening?.then((database) => database.close()).catch(() => {});
  }
}

export const databaseCheck = (config: Of, database: DoctorDatabase): Check => ({
  name: "database",
  settings: ["DATABASE_URL", "DATA_DIR"],
  remedy: "start the database, or check DATABASE_URL",
  run: async () => (database.isToBeMade ? toBeMade(config) : look(await database.open(), config)),
});

/** The embedded one: that its programs are there, and that a user of the system may run them. */
function toBeMade({ data_dir }: Of): Finding {
  const { postgres } = findServerBinaries();
  chooseServerUser(postgres, existingAbove(data_dir));
  return ok(`embedded: the first start makes it below ${data_dir}`);
}

async function look(database: Database, config: Of): Promise<readonly Named[]> {
  const address = parseAddress(database.url);
  const { description } = database;
  const parts: readonly (readonly [string, () => Finding | Promise<Finding>])[] = [
    ["database", () => ok(`${description}, at ${placeOf(address)}; a session keeps its server`)],
    ["database schema", () => schemaOf(database, config)],
    ["database rights", () => rightsOf(database, address.user)],
    ["database TLS", () => encryptionOf(database, config)],
  ];
  const found: Named[] = [];
  for (const [check, run] of parts) {
    try {
      found.push({ check, ...(await run()) });
    } catch (error) {
      found.push({ check, ...failed(error, "see docs/database.md") });
    }
  }
  return found;
}

async function schemaOf({ sql, schema }: Database, { migrate }: Of): Promise<Finding> {
  const found = describeSchema(schema);
  if (isOwn(schema)) return ok(found);
  if (schema.edited.length > 0) {
    const files = schema.edited.join(", ");
    return bad(`${files} is not as it was applied`, "restore the file as it was released");
  }
  if (schema.missing.length === 0)
    return warn(found, "run the newer version, or go on: it is read and written");
  if (migrate === "off") return bad(found, MIGRATE_REMEDY);
  await requireMayCreate(sql, schema);
  return ok(`${found}: the next start brings it to ${schema.own}`);
}

async function rightsOf({ sql, keeper_role, connections_max }: Database, role: string): Promise<Finding> {
  requireConnections(connections_max, role);
  await requireServiceRights(sql, keeper_role);
  const [session] = await asked(sql<{ reads_only: boolean }[]>`
    select current_setting('transaction_read_only') = 'on' as reads_only`);
  if (session!.reads_only) {
    return bad(
      `role ${role} may only read here`,
      "name the primary server in DATABASE_URL, or end its read-only mode",
    );
  }
  return ok(`role ${role} may do what a service does`);
}

async function encryptionOf({ sql, url }: Database, { database_url }: Of): Promise<Finding> {
  const { host, sslmode } = parseAddress(url);
  const [session] = await asked(sql<{ ssl: boolean; version: string | null }[]>`
    select ssl, version from pg_stat_ssl where pid = pg_backend_pid()`);
  if (session?.ssl) return ok(`${session.version} (sslmode ${sslmode})`);
  const is_here = isSocketDirectory(host) || ["localhost", "127.0.0.1", "::1"].includes(host);
  if (database_url === undefined || is_here) return ok("not encrypted: it is on this machine");
  return warn(
    `not encrypted on the way to ${host} (sslmode ${sslmode})`,
    "add ?sslmode=require to DATABASE_URL, or verify-full with sslrootcert",
  );
}
