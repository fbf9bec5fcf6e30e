/** The description of the whole service (OpenAPI 3.1), made from the schemas its routes are checked and typed by. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import packageJson from "../../../package.json" with { type: "json" };
import type { RequestScope } from "../request/problem.ts";

export type OpenApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

const DESCRIPTION =
  "Forecasts of the next ten seconds, every second, with what came of them; what programs ask and operators do. " +
  "Errors are problem details (RFC 9457): branch on `code`. The same in words, with examples: docs/api.md.";

export function documentOf(app: OpenAPIHono<RequestScope>): OpenApiDocument {
  const { version } = packageJson;
  const document = app.getOpenAPI31Document({
    ...{ openapi: "3.1.0", info: { title: "foretick", version, description: DESCRIPTION } },
    tags: [
      { name: "Reading", description: "What is forecast, and what came of it." },
      { name: "Predicting", description: "Forecasts of vectors that the caller brings." },
      { name: "Models", description: "What serves, what is registered, moving the champion." },
      { name: "Trainings", description: "Asking for a training, and what came of it." },
      { name: "Experiments", description: "A model on trial against another." },
      { name: "Deployments", description: "A version on its way to being the champion." },
      { name: "Monitoring", description: "Drift, and the whole in figures." },
      { name: "Alerts", description: "Who is told of what." },
      { name: "Health", description: "How the service is." },
    ],
  });
  return document;
}
