/**
 * For drizzle-kit as a reading glass only: `npx drizzle-kit generate` shows what the schema below would be
 * as plain DDL. Migrations are written by hand in `sql/migrations/` and run by `src/record/sql/install/migrations.ts`,
 * because hypertables and what depends on the server's abilities are beyond drizzle.
 *
 * Never `drizzle-kit push` or `pull`: push drops what the schema does not declare.
 */

import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "postgresql",
  schema: "./src/record/sql/schema.ts",
  out: "./.data/drizzle",
});
