/** `bun run alerts list|silence|test`: what is wrong and was, who is told of what, and whether the channels work. See docs/alerts.md. */

import { runScript } from "./flags/source.ts";
import { alertsCommand } from "./store/commands/alerts.ts";

await runScript(async () => {
  const { lines, failed } = await alertsCommand(process.argv.slice(2), process.env);
  for (const line of lines) process.stdout.write(`${line}\n`);
  if (failed) process.exitCode = 1;
});
