/**
 * The bars for a command that reads: brought up to date where its role may do that and the schema is its own; as they
 * are on a database that a service of another version keeps, or that it may only read.
 */

import type { Database } from "../database.ts";
import { mayRefreshBars } from "../server/rights.ts";
import { describeSchema, isOwn } from "../sql/install/schema_version.ts";
import type { Span } from "./bars.ts";
import { Refresher } from "./refresher.ts";
import type { RefresherOptions } from "./refresher_stats.ts";

export interface ReadersBars {
  /** Resolves once the bars `span` touches hold what is in the database, as far as this role may see to it. */
  through(span: Span): Promise<void>;
  close(): Promise<void>;
}

export async function barsOfReader(
  options: RefresherOptions & { readonly database: Database },
): Promise<ReadersBars> {
  const { database, log } = options;
  const own = isOwn(database.schema);
  if (own && (await mayRefreshBars(database.sql))) return new Refresher(options);
  const why = own ? "this role may not refresh them" : `the database has ${describeSchema(database.schema)}`;
  log.warn(`bars are read as they are: ${why}. The service keeps them up to date`);
  return { through: async () => {}, close: async () => {} };
}
