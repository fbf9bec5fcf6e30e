/**
 * Table `deployments`: versions on their way to being the champion, each with every step it took. A step is added only
 * where nobody else has added one meanwhile, so that a person who stops it and a service that goes on never both win.
 */

import type { Sql } from "postgres";
import { fail } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import { type Micros, type ModelVersion, modelVersion } from "../../base/units.ts";
import { asked } from "../sql/asked.ts";
import { exactNumber } from "../sql/columns.ts";
import { microsFromText, textFromMicros } from "../sql/time_text.ts";

export type Strategy = "blue_green" | "canary" | "rolling";
export type DeploymentStatus = "running" | "done" | "returned" | "stopped";
/** `return`: it is being taken back. */
export type StepName =
  | "load"
  | "shadow"
  | "serve"
  | "promote"
  | "hold"
  | "return"
  | "done"
  | "returned"
  | "stopped";

export interface DeploymentStep {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly step: StepName;
  /** Whose alias it concerns. */
  readonly symbol: string;
  /** Of the clients it is served to. */
  readonly share: number;
  readonly actor: string;
  /** The newest judged tick when it began; null where none was known. */
  readonly from_sec: number | null;
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface DeploymentStart {
  readonly version: ModelVersion;
  /** Whose alias moves. */
  readonly symbol: string;
  /** Whose ticks judge it. */
  readonly symbols: readonly string[];
  readonly strategy: Strategy;
  readonly hold_s: number;
  readonly canary_share: number;
  readonly forced: boolean;
  readonly version_before: ModelVersion | null;
  readonly requested_by: string;
  readonly reason: string;
  readonly requested_us: Micros;
}

export interface Deployment extends DeploymentStart {
  readonly deployment_id: string;
  readonly status: DeploymentStatus;
  readonly share: number;
  readonly steps: readonly DeploymentStep[];
  readonly ended_us: Micros | null;
}

interface Row
  extends Omit<
    Deployment,
    "requested_us" | "ended_us" | "version" | "version_before" | "hold_s" | "deployment_id"
  > {
  readonly deployment_id: string;
  readonly version: string;
  readonly version_before: string | null;
  readonly hold_s: string | number;
  readonly requested_at: string;
  readonly ended_at: string | null;
}

/** Every method rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export class DeploymentRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @throws ForetickError MODEL_REFUSED while another one of that symbol is under way. */
  async start(start: DeploymentStart, first: DeploymentStep): Promise<Deployment> {
    const [row] = await asked(this.#sql<Row[]>`
      insert into deployments (
        version, symbol, symbols, strategy, hold_s, canary_share, forced, version_before, steps,
        requested_by, reason, requested_at
      )
      values (
        ${start.version}, ${start.symbol}, string_to_array(${start.symbols.join()}, ','), ${start.strategy}, ${start.hold_s},
        ${start.canary_share}, ${start.forced}, ${start.version_before},
        ${JSON.stringify([first])}::text::jsonb, ${start.requested_by}, ${start.reason},
        ${textFromMicros(start.requested_us)}
      )
      on conflict (symbol) where status = 'running' do nothing
      returning *, to_jsonb(symbols) as symbols`);
    if (row) return deploymentOf(row);
    return fail(
      "MODEL_REFUSED",
      `another deployment of ${start.symbol} is under way: see "bun run deploy status", or end it with "bun run deploy stop"`,
    );
  }

  /**
   * Adds a step, and ends it where a status is given.
   * @returns as it is now; undefined where it has ended or moved meanwhile, and nothing was written.
   */
  async add(
    { deployment_id, steps }: Deployment,
    step: DeploymentStep,
    status: DeploymentStatus = "running",
  ): Promise<Deployment | undefined> {
    const [row] = await asked(this.#sql<Row[]>`
      update deployments
      set
        steps = steps || ${JSON.stringify([step])}::text::jsonb,
        share = ${step.share},
        status = ${status},
        ended_at = ${status === "running" ? null : step.at}::timestamptz
      where deployment_id = ${deployment_id}
        and status = 'running'
        and jsonb_array_length(steps) = ${steps.length}
      returning *, to_jsonb(symbols) as symbols`);
    return row && deploymentOf(row);
  }

  /** Those under way, oldest first. */
  async running(): Promise<Deployment[]> {
    const rows = await asked(this.#sql<Row[]>`
      select *, to_jsonb(symbols) as symbols
      from deployments
      where status = 'running'
      order by deployment_id`);
    return rows.map(deploymentOf);
  }

  /** Newest first. */
  async newest(limit: number = LIMITS.registry_rows_max): Promise<Deployment[]> {
    const rows = await asked(this.#sql<Row[]>`
      select *, to_jsonb(symbols) as symbols
      from deployments
      order by deployment_id desc
      limit ${limit}`);
    return rows.map(deploymentOf);
  }
}

function deploymentOf({ requested_at, ended_at, ...row }: Row): Deployment {
  return {
    ...row,
    deployment_id: String(row.deployment_id),
    version: modelVersion(row.version),
    version_before: row.version_before === null ? null : modelVersion(row.version_before),
    hold_s: exactNumber(row.hold_s),
    requested_us: microsFromText(requested_at),
    ended_us: ended_at === null ? null : microsFromText(ended_at),
  };
}
