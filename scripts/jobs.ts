/** `bun run jobs list|show|add|cancel`: trainings asked for, how far they are, what came of them. See docs/training.md. */

import { runScript } from "./flags/source.ts";
import { jobsCommand } from "./store/commands/jobs.ts";

await runScript(async () => {
  for (const line of await jobsCommand(process.argv.slice(2), process.env)) {
    process.stdout.write(`${line}\n`);
  }
});
