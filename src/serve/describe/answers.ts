/** What the answers of a route are described with. Every body has one schema, which types it, documents it and is tested by. */

import { z } from "zod";

/** Instants as ISO 8601 in UTC. */
export const instant = z.iso.datetime().meta({ description: "ISO 8601, UTC" });
/** Whole numbers of any size a float64 holds exactly. */
export const whole = z.number().meta({ type: "integer" });

const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: whole,
    code: z.string().meta({ description: "Stable: branch on it, never on a sentence." }),
    request_id: z.string(),
    detail: z.string().optional().meta({ description: "What was expected, what was found, the remedy." }),
    field: z.string().optional().meta({ description: "The parameter or the field of the body at fault." }),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details." });

const TITLES = {
  400: "What was asked is not valid; `field` names what.",
  401: "A credential is missing or not valid.",
  403: "The caller's role may not do this.",
  404: "What was asked for is not there.",
  409: "It does not fit what is there now.",
  413: "The body is larger than this route takes.",
  415: "The body is of another media type.",
  422: "The idempotency key was used for another request.",
  426: "The path speaks WebSocket.",
  429: "More requests than this caller may make.",
  500: "A fault of the service; quote `request_id`.",
  502: "Another service that is needed does not answer.",
  503: "Not now; `Retry-After` says when to ask again.",
  504: "It did not end in time.",
} as const;
type ProblemStatus = keyof typeof TITLES;
type Anyway = 401 | 403 | 429 | 500;
interface ProblemAnswer {
  description: string;
  content: { "application/problem+json": { schema: typeof problemSchema } };
}

/** The problems a route can answer with; those that every route can are added. */
export function problems<const Status extends ProblemStatus>(
  ...statuses: readonly Status[]
): Record<Status | Anyway, ProblemAnswer> {
  const all = [...new Set<ProblemStatus>([...statuses, 401, 403, 429, 500])].sort();
  return Object.fromEntries(
    all.map((status) => [
      status,
      { description: TITLES[status], content: { "application/problem+json": { schema: problemSchema } } },
    ]),
  ) as Record<Status | Anyway, ProblemAnswer>;
}

/** An answer in JSON. */
export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { "application/json": { schema } },
});
