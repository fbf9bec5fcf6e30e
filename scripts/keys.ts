/** `bun run keys create|list|revoke`: who may do what over HTTP. See docs/api.md. */

import { runScript } from "./flags/source.ts";
import { keysCommand } from "./store/commands/keys.ts";

await runScript(async () => {
  for (const line of await keysCommand(process.argv.slice(2), process.env)) process.stdout.write(`${line}\n`);
});
