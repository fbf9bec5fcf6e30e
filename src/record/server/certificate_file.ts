/** A file of certificates or of a key that a server's address names. */

import { readFileSync } from "node:fs";
import { fail } from "../../base/errors.ts";

/** @throws ForetickError CONFIG_INVALID where it cannot be read, naming the setting. */
export function certificateFile(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unreadable";
    const message = `${name} expected a readable file, ${path} is not (${code}). Correct the path`;
    return fail("CONFIG_INVALID", message, { cause });
  }
}
