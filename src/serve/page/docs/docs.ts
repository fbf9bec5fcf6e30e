/** The page `/docs`: openapi.json, rendered. Every text is set as text: nothing of the document is taken for markup. */

interface Schema {
  readonly $ref?: string;
  readonly description?: string;
  readonly [key: string]: unknown;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}
interface Content {
  readonly [media: string]: { readonly schema?: Schema };
}
interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}
interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

type Child = Node | string;

function element(name: string, children: readonly Child[] = [], className = ""): HTMLElement {
  const made = document.createElement(name);
  made.append(...children);
  if (className !== "") made.className = className;
  return made;
}

const refName = (ref: string): string => ref.slice(ref.lastIndexOf("/") + 1);

/** A schema in a few words, e.g. "integer, 1 to 50"; what it refers to by its name. */
function shortOf(schema: Schema): string {
  if (schema.$ref) return refName(schema.$ref);
  const values = schema.enum;
  if (Array.isArray(values)) return values.join(" | ");
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : String(schema.type ?? "any");
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
  return minimum === undefined || maximum === undefined ? type : `${type}, ${minimum} to ${maximum}`;
}

function parameterTable(parameters: readonly Parameter[]): HTMLElement {
  const rows = parameters.map((one) =>
    element("tr", [
      element("td", [element("code", [one.name])]),
      element("td", [one.required ? `${one.in}, required` : one.in], "quiet"),
      element("td", [shortOf(one.schema)]),
      element("td", [one.description ?? one.schema.description ?? ""]),
    ]),
  );
  return element("table", [element("tbody", rows)]);
}

function schemaView(schema: Schema, schemas: OpenApi["components"]["schemas"]): HTMLElement {
  const named = schema.$ref ? schemas[refName(schema.$ref)] : schema;
  const title = schema.$ref ? refName(schema.$ref) : shortOf(schema);
  return element("details", [
    element("summary", [title], "quiet"),
    element("pre", [JSON.stringify(named, null, 2)]),
  ]);
}

function contentView(content: Content | undefined, schemas: OpenApi["components"]["schemas"]): HTMLElement[] {
  return Object.entries(content ?? {}).flatMap(([media, { schema }]) => [
    element("div", [element("code", [media])], "quiet"),
    ...(schema ? [schemaView(schema, schemas)] : []),
  ]);
}

function operationView(method: string, path: string, one: Operation, api: OpenApi): HTMLElement {
  const { schemas } = api.components;
  const parts: Child[] = [
    element("summary", [element("code", [`${method.toUpperCase()} ${path}`]), ` ${one.summary ?? ""}`]),
  ];
  if (one.description) parts.push(element("p", [one.description]));
  if (one.parameters?.length) parts.push(parameterTable(one.parameters));
  if (one.requestBody) parts.push(element("p", ["Body"]), ...contentView(one.requestBody.content, schemas));
  for (const [status, { description, content }] of Object.entries(one.responses)) {
    const isProblem = content?.["application/problem+json"] !== undefined;
    parts.push(element("p", [element("code", [status]), ` ${description}`], isProblem ? "quiet" : ""));
    if (!isProblem) parts.push(...contentView(content, schemas));
  }
  const view = element("details", parts);
  view.id = `${method} ${path}`;
  return view;
}

function render(api: OpenApi): HTMLElement[] {
  const { title, version, description } = api.info;
  const link = element("a", ["openapi.json"]);
  link.setAttribute("href", "/openapi.json");
  const head = [element("h1", [`${title} ${version}`]), element("p", [`${description} `, link])];
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method, one })),
  );
  const groups = api.tags.flatMap(({ name, description: what = "" }) => [
    element("h2", [name]),
    element("p", [what], "quiet"),
    ...operations
      .filter(({ one }) => one.tags?.includes(name))
      .map(({ path, method, one }) => operationView(method, path, one, api)),
  ]);
  return [...head, ...groups];
}

async function show(): Promise<void> {
  const main = document.querySelector("#docs");
  try {
    const response = await fetch("/openapi.json");
    if (!response.ok) throw new Error(`/openapi.json answered ${response.status}`);
    main?.replaceChildren(...render((await response.json()) as OpenApi));
  } catch (error) {
    main?.replaceChildren(element("p", [`The description could not be read: ${String(error)}.`]));
  }
}

void show();

export {};
