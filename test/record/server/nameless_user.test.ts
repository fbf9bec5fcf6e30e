import { spawnSync } from "node:child_process";
import { chmodSync, existsSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { nameLibrary, withName } from "../../../src/record/server/embedded/nameless_user.ts";

/** An id that no system gives. */
const NAMELESS = { uid: 54_321, gid: 54_321 };

const nameOf = (ids: typeof NAMELESS, environment: Record<string, string>): string =>
  spawnSync("id", ["-un"], {
    ...{ ...ids, encoding: "utf8" },
    env: { PATH: "/usr/bin:/bin", ...environment },
  }).stdout.trim();

describe("a user without a name", () => {
  it.skipIf(process.getuid?.() !== 0 || !nameLibrary())(
    "has one for what runs inside, and no file is left",
    () => {
      const { seen, folder } = withName(NAMELESS, (environment) => {
        const folder = dirname(environment.NSS_WRAPPER_PASSWD!);
        chmodSync(folder, 0o755);
        return { seen: nameOf(NAMELESS, environment), folder };
      });
      expect(seen).toBe("foretick");
      expect(nameOf(NAMELESS, {})).not.toBe("foretick");
      expect(existsSync(folder)).toBe(false);
    },
  );

  it("is left alone where it has a name or is root", () => {
    for (const uid of [0, 1, undefined]) expect(withName({ uid, gid: uid }, (added) => added)).toEqual({});
  });
});
