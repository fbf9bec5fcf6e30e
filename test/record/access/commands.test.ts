/** `bun run keys` and `bun run audit`, and a service that reads what they wrote. */

import { beforeAll, expect, it } from "vitest";
import { auditCommand } from "../../../scripts/store/commands/audit.ts";
import { keysCommand } from "../../../scripts/store/commands/keys.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { Metrics } from "../../../src/base/metrics.ts";
import type { Database } from "../../../src/record/database.ts";
import { accessOver } from "../../../src/system/access.ts";
import { rejection } from "../../base/rejection.ts";
import { onEveryServer } from "../server/servers.ts";

onEveryServer("the commands of keys and audit", (server) => {
  let database: Database;
  let environment: Record<string, string>;
  beforeAll(async () => {
    database = await server.openDatabase();
    environment = { DATABASE_URL: database.url, DATA_DIR: database.data_dir };
  });

  it("make a key that a running service takes, list it without itself, and revoke it", async () => {
    const [key, said] = await keysCommand(
      ["create", "--role", "admin", "--name", "ci", "--by", "anna"],
      environment,
    );
    expect(said).toContain("not shown again");
    const doors = accessOver({
      ...{ config: readConfig({}), store: { required: () => database } },
      ...{ clock: systemClock, log: silentLogger, metrics: new Metrics() },
    });
    const key_id = key!.split("_")[1]!;
    const identity = await doors.access.identify(key!);
    expect(identity).toMatchObject({ role: "admin", actor: `ci (key ${key_id})` });
    doors.access.refused({ code: "FORBIDDEN", route: "POST /x", actor: "anonymous", address: undefined });
    await doors.close();
    const [line] = await keysCommand(["list"], environment);
    expect(line).toContain(key_id);
    expect(line).toContain("used 20");
    expect(line).not.toContain(key!.split("_")[2]!);
    expect(await keysCommand(["revoke", key_id], environment)).toEqual([`${key_id} is revoked`]);
    const lines = await auditCommand(["list"], environment);
    expect(lines.map((text) => text.split("  ").slice(2, 5))).toEqual([
      [expect.any(String), "keys.revoke", key_id],
      ["anonymous", "refused", "POST /x"],
      ["anna", "keys.create", key_id],
    ]);
    const [verified, end] = await auditCommand(["verify"], environment);
    expect(verified).toBe("3 rows, all as they were written");
    const anchor = end!.replace("ends with ", "");
    expect(await auditCommand(["verify", "--expect", anchor], environment)).toEqual([verified, end]);
    await database.sql`alter table audit disable trigger user`;
    await database.sql`delete from audit where seq = 2`;
    expect(String(await rejection(auditCommand(["verify"], environment)))).toContain("row 2 is missing");
  });

  it("refuse what they do not understand with their usage", async () => {
    for (const words of [
      [],
      ["create"],
      ["create", "--role", "king", "--name", "x"],
      ["revoke"],
      ["list", "x"],
    ]) {
      expect(String(await rejection(keysCommand(words, environment)))).toContain("usage: bun run keys");
    }
    for (const words of [[], ["verify", "x"], ["verify", "--expect", "7"]]) {
      expect(String(await rejection(auditCommand(words, environment)))).toContain("usage: bun run audit");
    }
  });
});
