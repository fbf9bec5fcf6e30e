/** `bun run experiments start|list|show|stop|conclude`: a model on trial against another, judged by what came true. See docs/experiments.md. */

import { runScript } from "./flags/source.ts";
import { experimentsCommand } from "./store/commands/experiments.ts";

await runScript(async () => {
  for (const line of await experimentsCommand(process.argv.slice(2), process.env)) {
    process.stdout.write(`${line}\n`);
  }
});
