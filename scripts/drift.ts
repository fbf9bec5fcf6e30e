/** `bun run drift`: has the market left what a model was trained on? What can hurt comes first. See docs/drift.md. */

import { runScript } from "./flags/source.ts";
import { driftCommand } from "./store/commands/drift.ts";

await runScript(async () => {
  const { lines, exit_code } = await driftCommand(process.argv.slice(2), process.env);
  for (const line of lines) process.stdout.write(`${line}\n`);
  process.exitCode = exit_code;
});
