/** Ensembles: entries that name their members by hash. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelVersion } from "../../../src/base/units.ts";
import type { Registry } from "../../../src/record/registry/registry.ts";
import type { RoleRows } from "../../../src/record/registry/role_rows.ts";
import type { RegistryRows } from "../../../src/record/registry/rows.ts";
import { codeOf, rejection } from "../../base/rejection.ts";
import { removeFolders } from "../../model/sample.ts";
import { onEveryServer } from "../server/servers.ts";
import { ANNA, emptyRegistry, GATE, type RegistryWorld } from "./registry_world.ts";

afterAll(removeFolders);

onEveryServer("the registry of models", (server) => {
  let registry: Registry;
  let rows: RegistryRows;
  let roles: RoleRows;
  let registered: RegistryWorld["registered"];

  async function empty(): Promise<void> {
    ({ registry, rows, roles, registered } = await emptyRegistry(server));
  }
  beforeAll(empty);

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
      expect(await rows.members("mix/1")).toEqual(members as never);
      expect([await rows.members(a!), await rows.members("mix/none")]).toEqual([undefined, undefined]);
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
