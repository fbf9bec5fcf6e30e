/** The database and the journal before it as the service shows them: health and metrics. */

import type { Metrics } from "../../../base/metrics.ts";
import { type Micros, US_PER_SEC } from "../../../base/units.ts";
import type { JournalStats, WriterStats } from "../../../record/write/stats.ts";
import type { Writer } from "../../../record/write/writer.ts";
import type { Dependency } from "../../../serve/ports.ts";
import type { Store } from "../../store/store.ts";

/** What went wrong is shown this long after the last time (µs); the counters stay. */
const SHOWN_US = 3_600 * US_PER_SEC;

export class StoreHealth {
  readonly #store: Store;
  readonly #writer: Writer;
  readonly #lost = new Seen();
  readonly #rejected = new Seen();

  constructor(store: Store, writer: Writer) {
    this.#store = store;
    this.#writer = writer;
  }

  at(now_us: Micros): Dependency {
    const { queue_rows, journal_bytes, rows_spilled, rows_rejected, rows_lost } = this.#writer.stats;
    const { database } = this.#store;
    const reason = this.#whyDegraded(now_us);
    return {
      name: "database",
      state: reason === null ? "ok" : "degraded",
      reason,
      facts: {
        capability: database?.capability ?? null,
        server: database?.description ?? null,
        ...{ queue_rows, journal_bytes, rows_spilled, rows_rejected, rows_lost },
      },
    };
  }

  #whyDegraded(now_us: Micros): string | null {
    const { rows_lost, rows_rejected, journal } = this.#writer.stats;
    const { database, error } = this.#store;
    if (this.#lost.lately(rows_lost, now_us)) {
      return `${rows_lost} rows were lost: neither the database nor the disk took them. Free disk space and see the log`;
    }
    if (!database) {
      const why = error ? ` (${error.code})` : "";
      const where = noJournal(journal) ?? "rows wait in the journal";
      return `the database has not opened since the start${why}: ${where}, it is tried again in the background`;
    }
    const untaken = whyUntaken(this.#writer.stats);
    if (untaken) return untaken;
    if (this.#rejected.lately(rows_rejected, now_us)) {
      return `the database refused ${rows_rejected} rows for what they hold: they are kept in journal/rejected.ndjson, see the log`;
    }
    const missing = noJournal(journal);
    return missing ? `were the database away, ${missing}` : whyLow(journal);
  }
}

/** Why rows are not taken; null while they are. */
function whyUntaken({ last_error, behind, tables_failing, journal }: WriterStats): string | null {
  const missing = noJournal(journal);
  const of_tables = tables_failing.some(({ failure }) => failure === last_error);
  if (last_error && of_tables) {
    const tables = tables_failing.map(({ table, failure }) => `${table} (${failure.code})`).join(", ");
    return `no rows are taken by ${tables}: ${missing ?? "they wait in memory and in the journal"}, see the log`;
  }
  if (last_error)
    return `the database does not answer: ${missing ?? "rows wait in memory and in the journal"}`;
  if (!behind) return null;
  const where = missing ?? "they are in the journal, and are written once it answers";
  return `the database has taken no rows for two seconds or more: ${where}`;
}

/** Where rows wait that do not get to disk; undefined where they do. */
function noJournal({ disk, fault }: JournalStats): string | undefined {
  if (fault) return `rows wait in memory only, as the journal cannot be written (${fault.code})`;
  if (disk === "full")
    return "trades and quotes wait in memory only, as the journal has no room: free disk space";
  return undefined;
}

function whyLow({ disk, disk_free_bytes }: JournalStats): string | null {
  if (disk !== "low") return null;
  const mib = Math.round((disk_free_bytes ?? 0) / 2 ** 20);
  return `the disk has ${mib} MiB free: with less the journal takes no trades and quotes. Free disk space`;
}

/** When a counter was last seen to have grown. */
class Seen {
  #count = 0;
  #at_us = Number.NEGATIVE_INFINITY;

  lately(count: number, now_us: Micros): boolean {
    if (count > this.#count) {
      this.#count = count;
      this.#at_us = now_us;
    }
    return now_us - this.#at_us < SHOWN_US;
  }
}

export function registerStoreMetrics(metrics: Metrics, writer: Writer, store: Store): void {
  const one = (kind: "counter" | "gauge", name: string, help: string, read: () => number): void =>
    metrics.observe(kind, `foretick_${name}`, help, read);
  one("gauge", "database_open", "1 once the database has been opened", () =>
    Number(store.database !== undefined),
  );
  one("gauge", "database_away", "1 while the database is not open, or does not answer", () =>
    Number(store.database === undefined || writer.stats.last_error !== undefined || writer.stats.behind),
  );
  one("gauge", "disk_free_bytes", "Free space where the journal is", () => {
    return writer.stats.journal?.disk_free_bytes ?? Number.NaN;
  });
  one("gauge", "write_queue_rows", "Rows waiting for the database", () => writer.stats.queue_rows);
  one(
    "gauge",
    "shown_rows_unsafe",
    "Predictions and outcomes given out that are neither in the database nor in the journal yet",
    () => writer.stats.shown_rows_unsafe,
  );
  one("gauge", "journal_bytes", "Bytes waiting in the journal on disk", () => writer.stats.journal_bytes);
  one("counter", "rows_spilled_total", "Rows moved to the journal", () => writer.stats.rows_spilled);
  one(
    "counter",
    "rows_rejected_total",
    "Rows the database refused for what they hold",
    () => writer.stats.rows_rejected,
  );
  one(
    "counter",
    "rows_lost_total",
    "Rows neither the database nor the disk took",
    () => writer.stats.rows_lost,
  );
  metrics.observe("counter", "foretick_rows_written_total", "Rows stored", () =>
    Object.entries(writer.stats.written).map(([table, value]) => ({ labels: { table }, value })),
  );
}
