/** Requests from a description's schemas, and whether an answer is one that it describes. */

import fc from "fast-check";
import { z } from "zod";

type Schema = Readonly<Record<string, unknown>>;
interface Document {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly described: {
    readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
    readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
    readonly responses: Readonly<
      Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
    >;
  };
}
export interface MadeRequest {
  readonly operation: Operation;
  readonly path: string;
  readonly body: string | undefined;
}

const checkers = new Map<string, z.ZodType>();

/** Why an answer is none of those described, as a sentence; undefined where it is. */
export function outsideSchema(
  document: Document,
  { described }: Operation,
  status: number,
  content_type: string | null,
  text: string,
): string | undefined {
  const answer = described.responses[String(status)];
  if (!answer) return `${status} is not described`;
  const media = content_type?.split(";")[0] ?? "";
  const schema = answer.content?.[media]?.schema;
  if (!schema) return `${media} is not described for ${status}`;
  if (!media.includes("json")) return undefined;
  const key = JSON.stringify(schema);
  const checker = checkers.get(key) ?? z.fromJSONSchema(withDefinitions(document, schema));
  checkers.set(key, checker);
  const found = checker.safeParse(JSON.parse(text));
  return found.success ? undefined : JSON.stringify(found.error.issues[0]);
}

/** As JSON Schema by itself. */
function withDefinitions({ components }: Document, schema: Schema): Parameters<typeof z.fromJSONSchema>[0] {
  const text = JSON.stringify({ ...schema, $defs: components.schemas });
  return JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/"));
}

/** Some as they are described, some with a part that is not. */
export function requestsFrom(
  document: Document,
  operations: readonly Operation[],
): fc.Arbitrary<MadeRequest> {
  return fc.constantFrom(...operations).chain((operation) => {
    const { parameters = [], requestBody } = operation.described;
    const given = parameters.map((one) => {
      const text = fc.oneof(
        { weight: 3, arbitrary: madeOf(document, one.schema) },
        { weight: 1, arbitrary: fc.string() },
      );
      return fc.tuple(fc.constant(one), fc.option(text, { nil: undefined, freq: 2 }));
    });
    const schema = requestBody?.content["application/json"]?.schema;
    const body = schema
      ? fc.oneof(
          { weight: 4, arbitrary: madeOf(document, schema).map((value) => JSON.stringify(value)) },
          { weight: 1, arbitrary: fc.json() },
          { weight: 1, arbitrary: fc.string() },
        )
      : fc.constant(undefined);
    return fc.tuple(fc.tuple(...given), body).map(([values, text]) => ({
      ...{ operation, path: pathOf(operation.path, values), body: text },
    }));
  });
}

function pathOf(
  template: string,
  values: readonly (readonly [{ readonly name: string; readonly in: string }, unknown])[],
): string {
  let path = template;
  const query = new URLSearchParams();
  for (const [{ name, in: where }, value] of values) {
    // A path needs each of its parts.
    if (where === "path")
      path = path.replace(`{${name}}`, encodeURIComponent(String(value ?? "x").toWellFormed() || "x"));
    else if (value !== undefined) query.set(name, String(value).toWellFormed());
  }
  return query.size > 0 ? `${path}?${query}` : path;
}

function madeOf(document: Document, schema: Schema): fc.Arbitrary<unknown> {
  const {
    $ref,
    enum: values,
    anyOf,
    example,
  } = schema as { $ref?: string; enum?: unknown[]; anyOf?: Schema[]; example?: unknown };
  if ($ref !== undefined) return madeOf(document, document.components.schemas[$ref.split("/").at(-1)!]!);
  if (values) return fc.constantFrom(...values);
  if (anyOf) return fc.oneof(...anyOf.map((one) => madeOf(document, one)));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === "object") return objectOf(document, schema);
  if (type === "array")
    return fc.array(madeOf(document, (schema.items ?? {}) as Schema), { minLength: 1, maxLength: 4 });
  if (type === "boolean") return fc.boolean();
  if (type === "integer" || type === "number") {
    const { minimum = -1e9, maximum = 1e9 } = schema as { minimum?: number; maximum?: number };
    const [min, max] = [Math.ceil(Math.max(minimum, -1e9)), Math.floor(Math.min(maximum, 1e9))];
    return type === "integer"
      ? fc.integer({ min, max })
      : fc.double({ min: minimum, max: maximum, noNaN: true });
  }
  if (type === "string")
    return fc.oneof(fc.constant(example ?? "BTCUSDT"), fc.string({ minLength: 1, maxLength: 20 }));
  return fc.jsonValue();
}

function objectOf(document: Document, schema: Schema): fc.Arbitrary<unknown> {
  const {
    properties = {},
    required = [],
    additionalProperties,
  } = schema as {
    properties?: Record<string, Schema>;
    required?: string[];
    additionalProperties?: Schema | boolean;
  };
  const named = Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [name, madeOf(document, one)]),
  );
  if (Object.keys(named).length > 0) return fc.record(named, { requiredKeys: required });
  const values =
    typeof additionalProperties === "object" ? madeOf(document, additionalProperties) : fc.jsonValue();
  return fc.dictionary(fc.string({ minLength: 1 }), values, { maxKeys: 4 });
}
