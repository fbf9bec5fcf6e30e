/**
 * `bun scripts/docs.ts`: writes docs/features.md from the definitions in src/features/.
 * `bun scripts/docs.ts --text <set>`: prints a set's canonical text, which is what its hash is of.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../src/base/errors.ts";
import { featureDocs } from "../src/features/docs.ts";
import { FEATURE_SETS } from "../src/features/sets.ts";
import { runScript } from "./source_flags.ts";

await runScript(async () => {
  const [flag, name] = process.argv.slice(2);
  if (flag === "--text") {
    const set = FEATURE_SETS.find((candidate) => candidate.name === name);
    const names = FEATURE_SETS.map((candidate) => candidate.name).join(", ");
    process.stdout.write(set?.text ?? fail("CONFIG_INVALID", `--text expected one of ${names}, was ${name}`));
    return;
  }
  const path = join(import.meta.dirname, "../docs/features.md");
  await writeFile(path, featureDocs(FEATURE_SETS));
  process.stdout.write("docs/features.md written\n");
});
