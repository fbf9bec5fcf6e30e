/** The JSON of models: what serves, what is registered, what was moved. */

import { z } from "zod";
import { isoOf, micros } from "../../../base/units.ts";
import { gateResultSchema } from "../../../model/gates.ts";
import type { AliasPlace } from "../../../record/registry/alias.ts";
import type { Moved } from "../../../record/registry/registry.ts";
import type { ModelDetails } from "../../../record/registry/rows.ts";
import { instant, whole } from "../../describe/answers.ts";
import type { ListedModel, LoadedModel } from "../../ports_operate.ts";

export const loadedSchema = z
  .strictObject({
    model_version: z.string(),
    model_load_time: instant,
    feature_names: z.array(z.string()),
    feature_set: z.string(),
    set_hash: z.string(),
    model_type: z.string(),
    framework: z.string(),
    horizon_s: whole,
    label: z.string(),
  })
  .meta({ id: "LoadedModel" });

export function loadedJson({
  loaded_us,
  feature_names,
  ...rest
}: LoadedModel): z.output<typeof loadedSchema> {
  const { model_version, feature_set, set_hash, model_type, framework, horizon_s, label } = rest;
  return {
    ...{ model_version, model_load_time: isoOf(micros(loaded_us)), feature_names: [...feature_names] },
    ...{ feature_set, set_hash, model_type, framework, horizon_s, label },
  };
}

const aliasSchema = z.strictObject({ symbol: z.string(), alias: z.string() });
const STATUSES = ["champion", "challenger", "shadow", "fallback", "registered", "refused"] as const;
export const statusSchema = z.enum(STATUSES, `expected one of ${STATUSES.join(", ")}`);

const metricsSchema = z
  .strictObject({ r2: z.number(), mae: z.number(), rmse: z.number(), hit_rate: z.number().nullable() })
  .nullable()
  .meta({ description: "Of its test stretch; null where it has none." });

const listedShape = {
  version: z.string(),
  kind: z.string(),
  created_at: instant,
  registered_at: instant,
  status: statusSchema.meta({ description: "Its gravest role now; refused: it failed a gate." }),
  feature_set: z.string(),
  set_hash: z.string(),
  horizon_s: whole,
  servable: z.boolean(),
  aliases: z.array(aliasSchema),
};

export const modelsSchema = z
  .strictObject({
    models: z.array(
      z
        .strictObject({
          ...listedShape,
          symbol: z.string().nullable().meta({ description: "Whose history it was trained on." }),
          metrics: metricsSchema,
          feature_names: z.array(z.string()),
        })
        .meta({ id: "Model" }),
    ),
    count: whole,
  })
  .meta({ id: "Models" });
export type ModelsJson = z.output<typeof modelsSchema>;
export type ModelJson = ModelsJson["models"][number];

export function listedJson(model: ListedModel): ModelJson {
  const { symbol, metrics, feature_names } = model;
  return { ...registeredJson(model), symbol, metrics, feature_names: [...feature_names] };
}

function registeredJson(model: Omit<ListedModel, "metrics" | "symbol" | "feature_names">) {
  const { version, kind, created_us, registered_us, feature_set, set_hash, horizon_s, servable } = model;
  return {
    ...{
      version: version as string,
      kind,
      created_at: isoOf(created_us),
      registered_at: isoOf(registered_us),
    },
    ...{ status: statusOf(model), feature_set, set_hash: set_hash as string, horizon_s, servable },
    aliases: model.aliases.map(({ symbol, alias }: AliasPlace) => ({ symbol, alias: alias as string })),
  };
}

export function statusOf({
  aliases,
  servable,
}: Pick<ListedModel, "aliases" | "servable">): (typeof STATUSES)[number] {
  const roles = aliases.map(({ alias }) => alias.split(":")[0]);
  const role = STATUSES.slice(0, 4).find((name) => roles.includes(name));
  return role ?? (servable ? "registered" : "refused");
}

export const modelSchema = z
  .strictObject({
    ...listedShape,
    manifest_sha256: z.string(),
    manifest: z.record(z.string(), z.unknown()).meta({ description: "As in the bundle." }),
    gates: z.array(gateResultSchema),
    sha256s: z.record(z.string(), z.string()),
    events: z.array(
      z.strictObject({
        at: instant,
        actor: z.string(),
        action: z.string(),
        version: z.string(),
        place: aliasSchema.nullable(),
        version_before: z.string().nullable(),
        forced: z.boolean(),
        reason: z.string(),
      }),
    ),
  })
  .meta({ id: "ModelDetails" });
export type ModelDetailsJson = z.output<typeof modelSchema>;

export function modelJson(model: ModelDetails): ModelDetailsJson {
  return {
    ...registeredJson(model),
    manifest_sha256: model.manifest_sha256,
    manifest: { ...model.manifest },
    gates: model.gates.map((gate) => ({ ...gate })),
    sha256s: { ...model.sha256s },
    events: model.events.map(({ at_us, actor, action, version, place, version_before, forced, reason }) => ({
      ...{ at: isoOf(at_us), actor, action, version, version_before, forced, reason },
      place: place && { symbol: place.symbol, alias: place.alias as string },
    })),
  };
}

export const movedSchema = z
  .strictObject({
    status: z.literal("success"),
    message: z.string(),
    result: z.strictObject({
      model_version: z.string(),
      traffic_percentage: z.number(),
      status: z.string().meta({ description: "`active`, or the state of the deployment that was begun." }),
      version_before: z.string().nullable(),
      symbol: z.string(),
      deployment_id: z.string().nullable(),
    }),
  })
  .meta({ id: "ModelMoved" });

export function movedJson({ place, version, version_before, moved }: Moved): z.output<typeof movedSchema> {
  const whose = place.symbol === "*" ? "every symbol" : place.symbol;
  return {
    status: "success",
    message: moved
      ? `${version} is the champion of ${whose} now`
      : `${version} was the champion of ${whose} already`,
    result: {
      ...{ model_version: version, traffic_percentage: 100, status: "active", version_before },
      ...{ symbol: place.symbol, deployment_id: null },
    },
  };
}

export const registeredSchema = z
  .strictObject({
    model_id: z.string().meta({ description: "Its version: what other calls take as model_id." }),
    version: z.string(),
    status: z.enum(["registered", "registered_before"]),
    model_type: z.string(),
    symbol: z.string(),
  })
  .meta({ id: "Registered" });
