/** The registry of models: what never changes, what moves, and that every move is written down. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelVersion, setHash } from "../../../src/base/units.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import type { Database } from "../../../src/record/database.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import type { RoleRows } from "../../../src/record/registry/role_rows.ts";
import type { RegistryRows } from "../../../src/record/registry/rows.ts";
import { codeOf, rejection } from "../../base/rejection.ts";
import { freshFolder, removeFolders } from "../../model/sample.ts";
import { onEveryServer } from "../server/servers.ts";
import { ANNA, emptyRegistry, GATE, type RegistryWorld } from "./registry_world.ts";

afterAll(removeFolders);

onEveryServer("the registry of models", (server) => {
  let database: Database;
  let model_dir: string;
  let registry: Registry;
  let rows: RegistryRows;
  let roles: RoleRows;
  let written: RegistryWorld["written"];
  let registered: RegistryWorld["registered"];

  async function empty(): Promise<void> {
    ({ database, model_dir, registry, rows, roles, written, registered } = await emptyRegistry(server));
  }
  beforeAll(empty);

  describe("a version", () => {
    it("is registered once: again changes nothing, and is no second entry in the history", async () => {
      const dir = await written("once");
      expect(await registry.register(ANNA, { dir, reason: "first" })).toMatchObject({ is_new: true });
      expect(await registry.register(ANNA, { dir, reason: "second" })).toMatchObject({ is_new: false });
      const { events, manifest, sha256s } = await rows.show(modelVersion("ridge-v1/once"));
      expect(events.map(({ action, reason, actor }) => [action, reason, actor])).toEqual([
        ["register", "first", "anna"],
      ]);
      expect(manifest).toEqual(JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8")));
      const sums = readFileSync(join(dir, "SHA256SUMS"), "utf8").trim().split("\n");
      expect(
        Object.entries(sha256s)
          .map(([file, sha256]) => `${sha256}  ${file}`)
          .sort(),
      ).toEqual(sums.sort());
    });

    it("is registered once by processes that do it at the same time", async () => {
      const dir = await written("race");
      const all = await Promise.all(Array.from({ length: 6 }, () => registry.register(ANNA, { dir })));
      expect(all.filter(({ is_new }) => is_new)).toHaveLength(1);
      expect((await rows.show(modelVersion("ridge-v1/race"))).events).toHaveLength(1);
    });

    it("is never another bundle under the same name", async () => {
      await registered("taken");
      const elsewhere = await freshFolder();
      const other = await written("taken", { kind: "other" }, elsewhere);
      // Here MODEL_DIR has the first; on another machine it has not.
      expect(await codeOf(registry.register(ANNA, { dir: other }))).toBe("BUNDLE_HASH");
      const far = new Registry({
        ...{ sql: database.sql, sets: FEATURE_SETS, store: undefined },
        model_dir: elsewhere,
      });
      expect(await codeOf(far.register(ANNA, { dir: other }))).toBe("MODEL_CONFLICT");
      expect((await rows.show(modelVersion("ridge-v1/taken"))).kind).toBe("ridge");
    });

    it("is refused where a byte of its bundle changed, and nothing is written", async () => {
      const dir = await written("torn");
      const path = join(dir, "model.onnx");
      const bytes = readFileSync(path);
      bytes[bytes.length - 9]! ^= 1;
      writeFileSync(path, bytes);
      expect(await codeOf(registry.register(ANNA, { dir }))).toBe("BUNDLE_HASH");
      expect(await codeOf(rows.show(modelVersion("ridge-v1/torn")))).toBe("MODEL_UNKNOWN");
    });

    it("is copied below MODEL_DIR, whole, where it was made elsewhere", async () => {
      const dir = await written("abroad", {}, await freshFolder());
      await registry.register(ANNA, { dir });
      for (const file of ["model.onnx", "manifest.json", "SHA256SUMS", "golden.json"]) {
        expect(readFileSync(join(model_dir, "ridge-v1/abroad", file))).toEqual(readFileSync(join(dir, file)));
      }
    });

    it("cannot be changed or deleted, column by column, nor can its history", async () => {
      await registered("fixed");
      const columns = await database.sql<{ table_name: string; column_name: string }[]>`
        select table_name, column_name
        from information_schema.columns
        where table_name in ('model_versions', 'model_events') and is_identity = 'NO'
          and table_schema = current_schema()`;
      expect(columns.length).toBeGreaterThan(18);
      for (const { table_name, column_name } of columns) {
        const refused = database.sql.unsafe(`update ${table_name} set ${column_name} = ${column_name}`);
        expect((await rejection(refused)).message).toContain("keeps what was written: update is refused");
      }
      for (const table of ["model_versions", "model_events"]) {
        expect((await rejection(database.sql.unsafe(`delete from ${table}`))).message).toContain(
          "delete is refused",
        );
        expect((await rejection(database.sql.unsafe(`truncate ${table} cascade`))).message).toContain(
          "is refused",
        );
      }
    });
  });

  describe("an alias", () => {
    it("moves to a registered version, and says who moved it, from where and why", async () => {
      const [a, b] = [await registered("move-a"), await registered("move-b")];
      expect(await registry.promote(ANNA, { version: a, symbol: "AAAUSDT" })).toMatchObject({
        version_before: null,
        moved: true,
      });
      await registry.promote(
        { actor: "ben" },
        { version: b, symbol: "AAAUSDT", reason: "beats it by 0.4 %" },
      );
      const history = await rows.history({ symbol: "AAAUSDT", alias: "champion" });
      expect(history).toMatchObject([
        { action: "promote", version: b, version_before: a, actor: "ben", reason: "beats it by 0.4 %" },
        { action: "promote", version: a, version_before: null, actor: "anna", forced: false },
      ]);
      const champions = await roles.champions(["AAAUSDT"]);
      expect(champions.get("AAAUSDT")).toMatchObject({ version: b, place: { symbol: "AAAUSDT" } });
      const [model] = (await rows.list()).filter(({ version }) => version === b);
      expect(model!.aliases).toEqual([{ symbol: "AAAUSDT", alias: "champion" }]);
    });

    it("is not moved to where it points already, and no move is recorded", async () => {
      const a = await registered("stay");
      await registry.promote(ANNA, { version: a, symbol: "STAYUSDT" });
      expect(await registry.promote(ANNA, { version: a, symbol: "STAYUSDT" })).toMatchObject({
        moved: false,
      });
      expect(await rows.history({ symbol: "STAYUSDT", alias: "champion" })).toHaveLength(1);
    });

    it("of a symbol goes before that of every symbol, and leaves the others theirs", async () => {
      const [all, own] = [await registered("all"), await registered("own")];
      await registry.promote(ANNA, { version: all });
      await registry.promote(ANNA, { version: own, symbol: "OWNUSDT" });
      await registry.promote(ANNA, { version: own, symbol: "ELSEUSDT", alias: "challenger" });
      const champions = await roles.champions(["OWNUSDT", "ELSEUSDT"]);
      expect(champions.get("OWNUSDT")!.version).toBe(own as never);
      expect(champions.get("ELSEUSDT")).toMatchObject({ version: all, place: { symbol: "*" } });
    });

    it("refuses a version that is not registered, and input without a meaning", async () => {
      expect(await codeOf(registry.promote(ANNA, { version: "ridge-v1/unheard-of" }))).toBe("MODEL_UNKNOWN");
      const a = await registered("input");
      expect(await codeOf(registry.promote(ANNA, { version: a, symbol: "btcusdt" }))).toBe("REQUEST_INVALID");
      expect(await codeOf(registry.promote(ANNA, { version: a, alias: "king" as never }))).toBe(
        "REQUEST_INVALID",
      );
      expect(await codeOf(registry.promote({ actor: " " }, { version: a }))).toBe("REQUEST_INVALID");
    });

    it("refuses a version that failed a gate and names it, unless forced with a reason, which is recorded", async () => {
      const bad = await registered("unfit", { servable: false, gates: [GATE] });
      const place = { version: bad, symbol: "UNFITUSDT" };
      expect(await codeOf(registry.promote(ANNA, place))).toBe("MODEL_REFUSED");
      expect((await rejection(registry.promote(ANNA, place))).message).toContain("failed beats zero");
      expect(await codeOf(registry.promote(ANNA, { ...place, force: true }))).toBe("MODEL_REFUSED");
      expect(await rows.history({ symbol: "UNFITUSDT", alias: "champion" })).toEqual([]);
      await registry.promote(ANNA, { ...place, force: true, reason: "a drill" });
      expect(await rows.history({ symbol: "UNFITUSDT", alias: "champion" })).toMatchObject([
        { version: bad, forced: true, reason: "a drill" },
      ]);
      expect((await rows.show(modelVersion(bad))).gates).toEqual([GATE]);
    });

    it("refuses a version trained on another definition of its set than the build computes", async () => {
      const a = await registered("stranger");
      const changed = FEATURE_SETS.map((set) =>
        set === v1 ? { name: v1.name, hash: setHash("f".repeat(64)) } : set,
      );
      const other = new Registry({ sql: database.sql, model_dir, sets: changed, store: undefined });
      const place = { version: a, symbol: "SETUSDT" };
      expect((await rejection(other.promote(ANNA, place))).message).toContain("another definition of v1");
      const without = new Registry({ sql: database.sql, model_dir, sets: [], store: undefined });
      expect((await rejection(without.promote(ANNA, place))).message).toContain("does not compute");
      // Going back does not go there either.
      const b = await registered("stranger-b");
      await registry.promote(ANNA, place);
      await registry.promote(ANNA, { ...place, version: b });
      expect(await codeOf(other.rollback(ANNA, { symbol: "SETUSDT" }))).toBe("MODEL_REFUSED");
      expect((await roles.champions(["SETUSDT"])).get("SETUSDT")!.version).toBe(b as never);
    });
  });
});
