/** `GET /settings`: the configuration in force, for people who operate it; no secret is in it. */

import { createRoute, type RouteHandler } from "@hono/zod-openapi";
import { z } from "zod";
import { json } from "../../describe/answers.ts";
import type { ServePorts } from "../../ports.ts";
import { noQuery } from "../../request/parameters/query.ts";
import type { RequestScope } from "../../request/problem.ts";
import { operatorOf, readingProblems } from "./operating.ts";

const settingsSchema = z
  .strictObject({
    settings: z.array(
      z.strictObject({
        name: z.string().meta({ description: "As in the environment." }),
        value: z
          .string()
          .nullable()
          .meta({ description: "Null: not set. Of a secret: only that it is set." }),
        hidden: z.boolean(),
      }),
    ),
  })
  .meta({ id: "Settings" });
export type SettingsJson = z.output<typeof settingsSchema>;

export const settingsRoute = createRoute({
  ...{ method: "get", path: "/settings", tags: ["Monitoring"] },
  summary: "The configuration in force, without secrets",
  request: { query: noQuery },
  responses: { 200: json(settingsSchema, "By name."), ...readingProblems },
});

export function getSettings(ports: ServePorts): RouteHandler<typeof settingsRoute, RequestScope> {
  return (c) => {
    const settings = operatorOf(ports, c).settings();
    return c.json({ settings: settings.map((one) => ({ ...one })) }, 200);
  };
}
