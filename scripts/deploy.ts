/** `bun run deploy <version>|status|stop`: brings a version to clients step by step. See docs/deployments.md. */

import { runScript } from "./flags/source.ts";
import { deployCommand } from "./store/commands/deploy.ts";

await runScript(async () => {
  for (const line of await deployCommand(process.argv.slice(2), process.env)) {
    process.stdout.write(`${line}\n`);
  }
});
