/** `bun run signals ledger`: what signals would have earned over any stored stretch. See docs/signals.md. */

import { runScript } from "./flags/source.ts";
import { signalsCommand } from "./store/commands/signals.ts";

await runScript(async () => {
  for (const line of await signalsCommand(process.argv.slice(2), process.env)) {
    process.stdout.write(`${line}\n`);
  }
});
