import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder; who asks for it removes it. */
export const tempDir = (): string => mkdtempSync(join(tmpdir(), "foretick-test-"));
