/**
 * An MLflow tracking server as far as its REST API 2.0 goes here: the same paths, shapes, limits and refusals
 * (https://mlflow.org/docs/latest/rest-api.html), in memory.
 */

import { z } from "zod";

const pair = z.strictObject({ key: z.string().regex(/^[\w\-. /:]{1,250}$/), value: z.string().max(5_000) });
const params = z.array(pair.extend({ value: z.string().max(500) })).max(100);
const metric = z.strictObject({ key: pair.shape.key, value: z.number(), timestamp: z.int(), step: z.int() });
const BODIES = {
  "experiments/create": z.strictObject({ name: z.string().min(1) }),
  "runs/create": z.strictObject({
    experiment_id: z.string(),
    run_name: z.string().optional(),
    start_time: z.int(),
    tags: z.array(pair).max(100),
  }),
  "runs/log-batch": z.strictObject({
    run_id: z.string(),
    metrics: z.array(metric).max(1_000).default([]),
    params: params.default([]),
    tags: z.array(pair).max(100).default([]),
  }),
  "runs/update": z.strictObject({
    run_id: z.string(),
    status: z.enum(["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]),
    end_time: z.int(),
  }),
};

export interface KeptRun {
  readonly experiment_id: string;
  status: string;
  start_time: number;
  end_time: number | undefined;
  readonly params: Record<string, string>;
  readonly tags: Record<string, string>;
  readonly metrics: z.infer<typeof metric>[];
}

export class MlflowServer {
  readonly experiments = new Map<string, string>();
  readonly runs = new Map<string, KeptRun>();
  /** Authorization header of every request. */
  readonly authorizations: (string | null)[] = [];
  /** Answers instead of the server, or lets it. */
  fault: ((path: string) => Response | Promise<Response> | undefined) | undefined;
  readonly #server: ReturnType<typeof Bun.serve>;

  constructor() {
    this.#server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => this.#answer(request) });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async close(): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    this.authorizations.push(request.headers.get("authorization"));
    const { pathname, searchParams } = new URL(request.url);
    const path = pathname.replace("/api/2.0/mlflow/", "");
    const fault = await this.fault?.(path);
    if (fault) return fault;
    if (request.method === "GET" && path === "experiments/get-by-name") {
      const name = searchParams.get("experiment_name")!;
      const experiment_id = this.experiments.get(name);
      if (experiment_id === undefined) return refusal(404, "RESOURCE_DOES_NOT_EXIST");
      return Response.json({ experiment: { experiment_id, name, lifecycle_stage: "active" } });
    }
    if (request.method !== "POST" || !(path in BODIES)) return refusal(404, "ENDPOINT_NOT_FOUND");
    const body = BODIES[path as keyof typeof BODIES].safeParse(await request.json());
    if (!body.success) return refusal(400, "INVALID_PARAMETER_VALUE", body.error.message);
    return this.#post(path, body.data);
  }

  #post(path: string, body: object): Response {
    if (path === "experiments/create") {
      const { name } = body as z.infer<(typeof BODIES)["experiments/create"]>;
      if (this.experiments.has(name)) return refusal(400, "RESOURCE_ALREADY_EXISTS");
      this.experiments.set(name, String(this.experiments.size + 1));
      return Response.json({ experiment_id: this.experiments.get(name) });
    }
    if (path === "runs/create") {
      const run = body as z.infer<(typeof BODIES)["runs/create"]>;
      const run_id = crypto.randomUUID().replaceAll("-", "");
      const tags = Object.fromEntries(run.tags.map(({ key, value }) => [key, value]));
      const { experiment_id, start_time } = run;
      const kept = {
        experiment_id,
        start_time,
        tags,
        status: "RUNNING",
        end_time: undefined,
        params: {},
        metrics: [],
      };
      this.runs.set(run_id, kept);
      return Response.json({ run: { info: { run_id, experiment_id, status: "RUNNING" } } });
    }
    const run = this.runs.get((body as { run_id: string }).run_id);
    if (!run) return refusal(404, "RESOURCE_DOES_NOT_EXIST");
    if (path === "runs/update") {
      const { status, end_time } = body as z.infer<(typeof BODIES)["runs/update"]>;
      Object.assign(run, { status, end_time });
      return Response.json({ run_info: { status } });
    }
    const batch = body as z.infer<(typeof BODIES)["runs/log-batch"]>;
    for (const { key, value } of batch.params) {
      if ((run.params[key] ?? value) !== value)
        return refusal(400, "INVALID_PARAMETER_VALUE", `${key} was said`);
      run.params[key] = value;
    }
    for (const { key, value } of batch.tags) run.tags[key] = value;
    run.metrics.push(...batch.metrics);
    return Response.json({});
  }
}

export const refusal = (status: number, error_code: string, message = error_code): Response =>
  Response.json({ error_code, message }, { status });
