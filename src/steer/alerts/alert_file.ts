/** Open alerts on disk, in the service's own directory: a restart knows them also while the database is away. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeDurably } from "../../base/durable.ts";
import { type Micros, micros } from "../../base/units.ts";
import { ALERT_STEPS, type Alert, SEVERITIES } from "../../record/alerts/alert.ts";

const time = z
  .int()
  .min(0)
  .transform((value): Micros => micros(value));
const told = z.strictObject({ at_us: time, given_up: z.literal(true).optional() });

const fileSchema = z.strictObject({
  version: z.literal(1),
  alerts: z.array(
    z.strictObject({
      ...{
        alert_id: z.uuid(),
        rule: z.string(),
        symbol: z.string().nullable(),
        severity: z.enum(SEVERITIES),
      },
      ...{ summary: z.string(), started_us: time, resolved_us: time.nullable(), worse_us: time.nullable() },
      parts: z.array(
        z.strictObject({
          ...{ rule: z.string(), symbol: z.string().nullable(), summary: z.string() },
          evidence: z.record(z.string(), z.json()),
          ...{ started_us: time, seen_us: time, over_us: time.nullable() },
        }),
      ),
      notified: z.record(z.string(), z.partialRecord(z.enum(ALERT_STEPS), told)),
      ...{ symbols: z.array(z.string()), service: z.string(), changed_us: time },
    }),
  ),
});

export class AlertFile {
  readonly #path: string;

  constructor(data_dir: string) {
    this.#path = join(data_dir, "alerts.json");
  }

  /** Empty where there is none. @throws what cannot be read, or is no file of alerts. */
  async read(): Promise<readonly Alert[]> {
    let text: string;
    try {
      text = await readFile(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
    return fileSchema.parse(JSON.parse(text)).alerts as Alert[];
  }

  async write(alerts: readonly Alert[]): Promise<void> {
    await writeDurably(this.#path, JSON.stringify({ version: 1, alerts }));
  }
}
