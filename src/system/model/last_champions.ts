/**
 * The registry's champions as they were last seen, in a file: what a service begins with whose database is away. The
 * hash goes along, so that a bundle is checked as at any other start.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { writeDurably } from "../../base/durable.ts";
import { describeError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { modelVersion } from "../../base/units.ts";
import { membersSchema } from "../../model/ensemble.ts";
import { aliasSchema } from "../../record/registry/alias.ts";
import type { RoleChoice } from "../../record/registry/role_rows.ts";

const choiceSchema = z.object({
  version: z.string().transform(modelVersion),
  manifest_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  place: z.object({ symbol: z.string(), alias: aliasSchema }),
  members: membersSchema.optional(),
});
const fileSchema = z.record(z.string(), choiceSchema);

export class LastChampions {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #written: string | undefined;

  constructor(data_dir: string, clock: Clock, log: Logger) {
    this.#path = join(data_dir, "champions.json");
    this.#clock = clock;
    this.#log = log;
  }

  /** By symbol; empty where there is no file, or one that cannot be read. */
  async read(): Promise<Map<string, RoleChoice>> {
    try {
      const text = await this.#inTime(readFile(this.#path, "utf8"));
      return new Map(Object.entries(fileSchema.parse(JSON.parse(text))));
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT") {
        this.#log.warn(
          { path: this.#path, error: describeError(error) },
          "the last known champions are not readable",
        );
      }
      return new Map();
    }
  }

  /** Never rejects: without the file a start uses the bundles on disk. */
  async write(champions: ReadonlyMap<string, RoleChoice>): Promise<void> {
    const text = `${JSON.stringify(Object.fromEntries(champions), null, 2)}\n`;
    if (text === this.#written) return;
    try {
      await this.#inTime(writeDurably(this.#path, text));
      this.#written = text;
    } catch (error) {
      this.#log.warn(
        { path: this.#path, error: describeError(error) },
        "the last known champions could not be written to disk",
      );
    }
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return withDeadline(work, {
      clock: this.#clock,
      limit: "registry_ms_max",
      what: `the file ${this.#path}`,
    });
  }
}
