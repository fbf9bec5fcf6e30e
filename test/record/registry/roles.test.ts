/** Going back, and the roles beside the champion: who holds each, and that every move is written down. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { modelVersion } from "../../../src/base/units.ts";
import type { Database } from "../../../src/record/database.ts";
import type { Registry } from "../../../src/record/registry/registry.ts";
import type { RoleRows } from "../../../src/record/registry/role_rows.ts";
import type { RegistryRows } from "../../../src/record/registry/rows.ts";
import { MIGRATIONS_DIR } from "../../../src/record/sql/install/migration_files.ts";
import { codeOf, rejection } from "../../base/rejection.ts";
import { met } from "../../met.ts";
import { removeFolders } from "../../model/sample.ts";
import { onEveryServer } from "../server/servers.ts";
import { ANNA, emptyRegistry, type RegistryWorld } from "./registry_world.ts";

afterAll(removeFolders);

onEveryServer("the registry of models", (server) => {
  let database: Database;
  let registry: Registry;
  let rows: RegistryRows;
  let roles: RoleRows;
  let registered: RegistryWorld["registered"];

  async function empty(): Promise<void> {
    ({ database, registry, rows, roles, registered } = await emptyRegistry(server));
  }
  beforeAll(empty);

  describe("a rollback", () => {
    const place = { symbol: "BACKUSDT" };
    const now = async () =>
      (await roles.champions(["BACKUSDT"])).get("BACKUSDT")?.version as string | undefined;

    it("goes back to the champion before, and twice goes back two, past what was promoted between", async () => {
      const versions = await Promise.all(["b1", "b2", "b3", "b4"].map((version) => registered(version)));
      const [one, two, three, four] = versions as [string, string, string, string];
      expect(await codeOf(registry.rollback(ANNA, place))).toBe("MODEL_REFUSED");
      for (const version of [one, two, three]) await registry.promote(ANNA, { ...place, version });
      await registry.rollback(ANNA, { ...place, reason: "worse on real ticks" });
      expect(await now()).toBe(two);
      await registry.promote(ANNA, { ...place, version: four });
      await registry.rollback(ANNA, place);
      expect(await now()).toBe(two);
      await registry.rollback(ANNA, place);
      expect(await now()).toBe(one);
      expect((await rejection(registry.rollback(ANNA, place))).message).toContain("nothing to go back to");
      const history = await rows.history({ ...place, alias: "champion" });
      expect(history.map(({ action, version }) => `${action} ${version.split("/")[1]}`)).toEqual([
        "rollback b1",
        "rollback b2",
        "promote b4",
        "rollback b2",
        "promote b3",
        "promote b2",
        "promote b1",
      ]);
      const former = await roles.former({ ...place, alias: "champion" }, 3);
      expect(former.map(({ version }) => version as string)).toEqual([two, four, three]);
    });

    it("asked for by two at the same time goes back two, and never the same step twice", async () => {
      const both = { symbol: "BOTHUSDT" };
      const versions = await Promise.all(["c1", "c2", "c3"].map((version) => registered(version)));
      for (const version of versions) await registry.promote(ANNA, { ...both, version });
      await Promise.all([registry.rollback(ANNA, both), registry.rollback({ actor: "ben" }, both)]);
      expect((await roles.champions(["BOTHUSDT"])).get("BOTHUSDT")!.version as string).toBe(versions[0]!);
    });
  });

  describe("a role beside the champion", () => {
    // A champion of every symbol gives every symbol a fallback.
    beforeEach(empty);

    const on = (symbol: string) => ({
      named: async () =>
        (await roles.beside([symbol]))
          .get(symbol)!
          .map(({ version, place }) => `${place.alias} ${version.split("/")[1]}`),
      own: async () =>
        (await roles.beside([symbol]))
          .get(symbol)!
          .filter(({ place }) => place.symbol === symbol)
          .map(({ version, place }) => `${place.alias} ${version.split("/")[1]}`),
      give: (version: string, role: "challenger" | "shadow" | "none") =>
        registry.role(ANNA, { version, role, symbol, reason: "a look" }),
      promote: (version: string) => registry.promote(ANNA, { version, symbol }),
      rollback: () => registry.rollback(ANNA, { symbol }),
    });

    it("is one at a time, given and taken away with who and why, and told to services that listen", async () => {
      const { named, give } = on("ROLEUSDT");
      const [a, b] = [await registered("role-a"), await registered("role-b")];
      const told: string[] = [];
      await database.sql.listen("foretick_models", (text) => void told.push(text));
      expect(await give(a, "challenger")).toMatchObject({ moved: true, place: { alias: "challenger" } });
      expect(await give(b, "shadow")).toMatchObject({ place: { alias: "shadow:1" } });
      expect(await give(b, "shadow")).toMatchObject({ moved: false });
      expect(await named()).toEqual(["challenger role-a", "shadow:1 role-b"]);
      await give(a, "shadow");
      expect(await named()).toEqual(["shadow:1 role-b", "shadow:2 role-a"]);
      expect(await give(a, "none")).toBeUndefined();
      expect(await named()).toEqual(["shadow:1 role-b"]);
      const { events } = await rows.show(modelVersion(a));
      expect(events.map(({ action, place, actor, reason }) => [action, place?.alias, actor, reason])).toEqual(
        [
          ["remove", "shadow:2", "anna", "a look"],
          ["promote", "shadow:2", "anna", "a look"],
          ["remove", "challenger", "anna", "a look"],
          ["promote", "challenger", "anna", "a look"],
          ["register", undefined, "anna", ""],
        ],
      );
      await met(
        "the word of a role that was taken away",
        () => told.filter((text) => text === "ROLEUSDT shadow:2").length >= 2,
      );
      expect(await codeOf(give("ridge-v1/unheard-of", "none"))).toBe("MODEL_UNKNOWN");
    });

    it("is held by as many shadows as are scored, and not by the champion or the fallback", async () => {
      const { named, give, promote } = on("FULLUSDT");
      const versions = await Promise.all(Array.from({ length: 9 }, (_, at) => registered(`full-${at}`)));
      for (const version of versions.slice(0, LIMITS.shadows_max)) await give(version, "shadow");
      const refusal = (await rejection(give(versions[7]!, "shadow"))).message;
      expect(refusal).toContain(`FULLUSDT has ${LIMITS.shadows_max} shadows`);
      await give(versions[0]!, "none");
      await give(versions[7]!, "shadow");
      expect((await named())[0]).toBe("shadow:1 full-7");
      await promote(versions[8]!);
      expect(await codeOf(give(versions[8]!, "challenger"))).toBe("MODEL_REFUSED");
      await promote(versions[7]!);
      expect((await named())[0]).toBe("fallback full-8");
      expect((await rejection(give(versions[8]!, "none"))).message).toContain("is the fallback of FULLUSDT");
    });

    it("of fallback is that of the version a rollback returns to, and of what became champion is given up", async () => {
      const { own, give, promote, rollback } = on("FALLUSDT");
      const [a, b, c] = await Promise.all(
        ["fall-a", "fall-b", "fall-c"].map((version) => registered(version)),
      );
      await promote(a!);
      expect(await own()).toEqual([]);
      await give(b!, "challenger");
      await promote(b!);
      expect(await own()).toEqual(["fallback fall-a"]);
      await promote(c!);
      expect(await own()).toEqual(["fallback fall-b"]);
      await rollback();
      expect(await own()).toEqual(["fallback fall-a"]);
      await rollback();
      expect(await own()).toEqual([]);
      const history = await rows.history({ symbol: "FALLUSDT", alias: "fallback" });
      expect(history.map(({ action, version }) => `${action} ${version.split("/")[1]}`)).toEqual([
        ...["remove fall-a", "promote fall-a", "remove fall-b", "promote fall-b", "promote fall-a"],
      ]);
      expect(history[0]!.reason).toBe("ridge-v1/fall-a is the champion of FALLUSDT now");
    });

    it("of fallback is given by the migration to a champion that moved before there was one", async () => {
      const { own, promote, rollback } = on("LATEUSDT");
      const [a, b, c] = await Promise.all(
        ["late-a", "late-b", "late-c"].map((version) => registered(version)),
      );
      for (const version of [a!, b!, c!]) await promote(version);
      await rollback();
      await database.sql`delete from model_aliases where symbol = 'LATEUSDT' and alias = 'fallback'`;
      expect(await own()).toEqual([]);
      await database.sql.unsafe(readFileSync(join(MIGRATIONS_DIR, "0028_last_good.sql"), "utf8"));
      expect(await own()).toEqual(["fallback late-a"]);
      expect((await rows.history({ symbol: "LATEUSDT", alias: "fallback" }))[0]).toMatchObject({
        ...{ action: "promote", version: a, actor: "migration" },
      });
    });

    it("of every symbol is that of each, beside its own; a first own champion falls back on that of every symbol", async () => {
      const [all, own, watched] = await Promise.all(["every", "single", "seen"].map((v) => registered(v)));
      await registry.promote(ANNA, { version: all! });
      await registry.role(ANNA, { version: watched!, role: "shadow" });
      await on("OWNSUSDT").promote(own!);
      expect(await on("OWNSUSDT").named()).toEqual(["fallback every", "shadow:1 seen"]);
      const others = await on("OTHERUSDT").named();
      expect(others).toContain("shadow:1 seen");
      expect(others).not.toContain("fallback every");
      await registry.role(ANNA, { version: watched!, role: "none" });
    });
  });
});
