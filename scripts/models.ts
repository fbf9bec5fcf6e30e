/** `bun run models list|show|register|promote|rollback|history`: which models there are, and which one serves. See docs/models.md. */

import { modelsCommand } from "./models_command.ts";
import { runScript } from "./source_flags.ts";

await runScript(async () => {
  for (const line of await modelsCommand(process.argv.slice(2), process.env)) {
    process.stdout.write(`${line}\n`);
  }
});
