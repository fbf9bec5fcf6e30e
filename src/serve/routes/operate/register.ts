/** `POST /mlops/api/models/register`: a bundle from elsewhere, as a zip; refused before it is loaded where it is hostile. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { z } from "zod";
import { ForetickError } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import { json } from "../../describe/answers.ts";
import { registeredSchema } from "../../messages/operate/models.ts";
import type { ServePorts } from "../../ports.ts";
import { actorOf, known } from "../../request/actor.ts";
import { jsonBody } from "../../request/json_body.ts";
import { reasonField, tradedField } from "../../request/parameters/fields.ts";
import { membersOf } from "../../request/parameters/query.ts";
import { problem, type RequestScope, type Untyped } from "../../request/problem.ts";
import { changingProblems, operatorOf } from "./operating.ts";

const about = {
  model_type: z
    .string()
    .min(1)
    .max(30)
    .meta({ description: "Must be the bundle's own where it is given." })
    .optional(),
  symbol: tradedField
    .meta({ description: "Must be the one it was trained on where it is given." })
    .optional(),
  reason: reasonField.optional(),
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const jsonSchema = membersOf(
  {
    ...about,
    model_data: z
      .string()
      .min(1)
      .refine((text) => BASE64.test(text), "expected base64 of the bundle's folder as a zip")
      .meta({
        description: "Base64 of a zip of the bundle's files, without folders.",
        contentEncoding: "base64",
      }),
    metrics: z
      .record(z.string(), z.number())
      .meta({ description: "Taken and not used: the figures of a model are those of its bundle." })
      .optional(),
  },
  "body",
);

const formSchema = membersOf(
  {
    ...about,
    model_data: z.instanceof(File, { error: "expected a file: a zip of the bundle's files" }).meta({
      type: "string",
      contentMediaType: "application/zip",
    }),
  },
  "body",
);

const FORM = /^multipart\/form-data/i;
const readJson = jsonBody(LIMITS.bundle_upload_bytes_max);
const eitherBody: MiddlewareHandler<RequestScope> = async (c, next) => {
  const type = c.req.header("content-type") ?? "";
  if (!FORM.test(type)) return await readJson(c, next);
  try {
    await c.req.parseBody();
  } catch {
    const detail = "the body expected multipart/form-data with its boundary, was not.";
    return problem(c, { code: "REQUEST_INVALID", field: "body", detail });
  }
  return await next();
};

export const registerRoute = createRoute({
  ...{ method: "post", path: "/mlops/api/models/register", tags: ["Models"] },
  summary: "Registers a bundle that is brought as a zip",
  middleware: [known(), eitherBody],
  request: {
    body: {
      content: {
        "application/json": { schema: jsonSchema },
        "multipart/form-data": { schema: formSchema },
      },
    },
  },
  responses: { 200: json(registeredSchema, "What is registered."), ...changingProblems },
});

export function postRegister(ports: ServePorts): RouteHandler<typeof registerRoute, RequestScope> {
  return async (c) => {
    const is_form = FORM.test(c.req.header("content-type") ?? "");
    const given = is_form ? c.req.valid("form") : c.req.valid("json");
    const { model_data, model_type, symbol, reason = "" } = given;
    const zip =
      typeof model_data === "string"
        ? new Uint8Array(Buffer.from(model_data, "base64"))
        : new Uint8Array(await model_data.arrayBuffer());
    try {
      const expected = { kind: model_type, symbol };
      const made = await operatorOf(ports, c).register({ zip, reason, actor: actorOf(c), expected });
      const { version, is_new, kind } = made;
      const status = is_new ? ("registered" as const) : ("registered_before" as const);
      return c.json({ model_id: version, version, status, model_type: kind, symbol: made.symbol }, 200);
    } catch (error) {
      return refused(c, error);
    }
  };
}

/** What is wrong with the bundle is the caller's to mend. */
function refused(c: Context<RequestScope>, error: unknown): Untyped {
  if (error instanceof ForetickError && /^(BUNDLE_(INVALID|HASH|GOLDEN)|ONNX_)/.test(error.code)) {
    const detail = `model_data: ${error.message}.`;
    return problem(c, { code: "REQUEST_INVALID", field: "model_data", detail });
  }
  throw error;
}
