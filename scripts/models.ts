/** `bun run models list|show|register|import|ensemble|promote|role|rollback|history|seal|open`: which models there are, which one serves, and which are scored beside it. See docs/models.md. */

import { runScript } from "./flags/source.ts";
import { modelsCommand } from "./store/commands/models.ts";

await runScript(async () => {
  for (const line of await modelsCommand(process.argv.slice(2), process.env)) {
    process.stdout.write(`${line}\n`);
  }
});
