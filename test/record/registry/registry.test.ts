/** The registry of models: what never changes, what moves, and that every move is written down. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../../src/base/limits.ts";
import { modelVersion, setHash } from "../../../src/base/units.ts";
import { FEATURE_SETS } from "../../../src/features/sets/all.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import type { Manifest } from "../../../src/model/bundle/manifest.ts";
import type { Database } from "../../../src/record/database.ts";
import { Registry } from "../../../src/record/registry/registry.ts";
import { RoleRows } from "../../../src/record/registry/role_rows.ts";
import { RegistryRows } from "../../../src/record/registry/rows.ts";
import { MIGRATIONS_DIR } from "../../../src/record/sql/migration_files.ts";
import { codeOf, rejection } from "../../base/rejection.ts";
import { met } from "../../met.ts";
import { freshFolder, removeFolders, sampleContents } from "../../model/sample.ts";
import { onEveryServer } from "../server/servers.ts";

const ANNA = { actor: "anna" };
const GATE = {
  gate: "beats zero",
  metric: "r2_low",
  operator: ">",
  limit: 0,
  observed: -0.001,
  passed: false,
  required: true,
  claims_skill: true,
} as const;

afterAll(removeFolders);

onEveryServer("the registry of models", (server) => {
  let database: Database;
  let model_dir: string;
  let registry: Registry;
  let rows: RegistryRows;
  let roles: RoleRows;

  async function emptyRegistry(): Promise<void> {
    database = await server.openDatabase();
    model_dir = await freshFolder();
    registry = new Registry({ sql: database.sql, model_dir, sets: FEATURE_SETS, store: undefined });
    rows = new RegistryRows(database.sql);
    roles = new RoleRows(database.sql);
  }
  beforeAll(emptyRegistry);

  /** A bundle of its own below MODEL_DIR. */
  async function written(version: string, changes: Partial<Manifest> = {}, dir = model_dir): Promise<string> {
    return writeBundle(dir, sampleContents({ version, ...changes }));
  }

  async function registered(version: string, changes: Partial<Manifest> = {}): Promise<string> {
    const dir = await written(version, changes);
    return (await registry.register(ANNA, { dir })).version;
  }

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
    beforeEach(emptyRegistry);

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

  describe("an ensemble", () => {
    const mix = (version: string, ...members: readonly (readonly [string, number])[]) =>
      registry.ensemble(ANNA, {
        version,
        members: members.map(([name, weight]) => ({ version: name, weight })),
      });

    it("is an entry that names its members by their hashes, and has roles as any version", async () => {
      const [a, b] = await Promise.all(["mix-a", "mix-b"].map((version) => registered(version)));
      expect(await mix("mix/1", [a!, 3], [b!, 1])).toBe(true);
      expect(await mix("mix/1", [a!, 3], [b!, 1])).toBe(false);
      expect(await codeOf(mix("mix/1", [a!, 1], [b!, 1]))).toBe("MODEL_CONFLICT");
      const { manifest, kind, servable, feature_set, events } = await rows.show(modelVersion("mix/1"));
      expect({ kind, servable, feature_set }).toEqual({
        kind: "ensemble",
        servable: true,
        feature_set: "v1",
      });
      const members = [
        { version: a, manifest_sha256: (await rows.show(modelVersion(a!))).manifest_sha256, weight: 0.75 },
        { version: b, manifest_sha256: (await rows.show(modelVersion(b!))).manifest_sha256, weight: 0.25 },
      ];
      expect(manifest).toEqual({ format: "foretick-ensemble/1", members } as never);
      expect(events.map(({ action, actor }) => [action, actor])).toEqual([["register", "anna"]]);
      await registry.role(ANNA, { version: "mix/1", role: "challenger", symbol: "MIXUSDT" });
      const beside = (await roles.beside(["MIXUSDT"])).get("MIXUSDT")!;
      expect(beside.find(({ version }) => version === "mix/1")).toMatchObject({ members });
      await registry.promote(ANNA, { version: "mix/1", symbol: "MIXUSDT" });
      expect((await roles.champions(["MIXUSDT"])).get("MIXUSDT")).toMatchObject({
        version: "mix/1",
        members,
      });
    });

    it("is refused where members are unknown, of different kinds, twice there or ensembles themselves", async () => {
      const [a, b] = await Promise.all(["part-a", "part-b"].map((version) => registered(version)));
      const far = await registered("part-far", { horizon_s: 60 });
      expect(await codeOf(mix("mix/unknown", [a!, 1], ["ridge-v1/unheard-of", 1]))).toBe("MODEL_UNKNOWN");
      expect((await rejection(mix("mix/far", [a!, 1], [far, 1]))).message).toContain("the same horizon_s");
      expect(await codeOf(mix("mix/twice", [a!, 1], [a!, 1]))).toBe("REQUEST_INVALID");
      await mix("mix/parts", [a!, 1], [b!, 1]);
      expect((await rejection(mix("mix/deep", [a!, 1], ["mix/parts", 1]))).message).toContain(
        "mix/parts is no bundle",
      );
      // A member that failed its gates makes an ensemble that did.
      const unfit = await registered("part-unfit", { servable: false, gates: [GATE] });
      await mix("mix/unfit", [a!, 1], [unfit, 1]);
      expect(await codeOf(registry.promote(ANNA, { version: "mix/unfit", symbol: "MIXUSDT" }))).toBe(
        "MODEL_REFUSED",
      );
    });
  });
});
