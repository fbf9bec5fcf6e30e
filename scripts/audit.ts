/** `bun run audit list|verify`: what was changed and refused, and whether that record is whole. See docs/api.md. */

import { runScript } from "./flags/source.ts";
import { auditCommand } from "./store/commands/audit.ts";

await runScript(async () => {
  for (const line of await auditCommand(process.argv.slice(2), process.env))
    process.stdout.write(`${line}\n`);
});
