/** DATABASE_SCHEMA travels in the database's URL, which every connection is made from. */

/** One that needs no quotes, and is not the server's own. */
export const SCHEMA_NAME = /^(?!pg_)[a-z_][a-z0-9_]{0,50}$/;

/** `url`, for tables in `schema` of that database; one that names a schema itself keeps it. */
export function inSchema(url: string, schema: string | undefined): string {
  // The query begins behind the login, in which a ? may stand as it is.
  const query = /\?([A-Za-z_.]+=[^?@]*)$/.exec(url)?.[1];
  if (schema === undefined || (query !== undefined && /(?:^|&)schema=/.test(query))) return url;
  return `${url}${query === undefined ? "?" : "&"}schema=${schema}`;
}
