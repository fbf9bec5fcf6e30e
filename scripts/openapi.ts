/** `bun run openapi`: writes docs/openapi.json, the description of the service's routes, as the service gives it. */

import { writeFileSync } from "node:fs";
import { openApiText } from "../src/serve/describe/text.ts";
import { withExample } from "./flags/example.ts";
import { readFlags, runScript } from "./flags/source.ts";

const USAGE = `usage: bun run openapi

  writes docs/openapi.json, which is what a service answers at /openapi.json`;
const OPTIONS = { help: { type: "boolean", short: "h" } } as const;

await runScript(async () => {
  if (readFlags(OPTIONS, USAGE).flags.help) return console.log(withExample(USAGE, OPTIONS, "openapi"));
  writeFileSync(new URL("../docs/openapi.json", import.meta.url), openApiText());
  process.stdout.write("docs/openapi.json is written\n");
});
