/** Some model serves in any case, the best there is; what should have served and does not is said. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "../../../src/base/clock.ts";
import { fail } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { writeBundle } from "../../../src/model/bundle/bundle.ts";
import { manifestSha256 } from "../../../src/model/bundle/files.ts";
import { copyOf, installBundle } from "../../../src/model/bundle/install.ts";
import { ZERO_VERSION } from "../../../src/model/zero_model.ts";
import type { RoleChoice } from "../../../src/record/registry/role_rows.ts";
import { ServedModels, type ServedModelsOptions } from "../../../src/system/model/served_models.ts";
import { freshFolder, removeFolders, sampleContents } from "../../model/sample.ts";

const symbol = "BTCUSDT";
afterAll(removeFolders);

interface Stage {
  readonly model_dir: string;
  readonly data_dir: string;
}

async function stage(): Promise<Stage> {
  return { model_dir: await freshFolder(), data_dir: await freshFolder() };
}

const bundle = ({ model_dir }: Stage, version: string, day: number): Promise<string> =>
  writeBundle(
    model_dir,
    sampleContents({ version, created_at: `2026-11-${String(day).padStart(2, "0")}T00:00:00.000Z` }),
  );

/** Turns one bit of the model file. */
function damage(dir: string): void {
  const path = join(dir, "model.onnx");
  const bytes = readFileSync(path);
  bytes[40]! ^= 1;
  writeFileSync(path, bytes);
}

const championAt = async (dir: string): Promise<RoleChoice> => ({
  version: modelVersion(dir.split("/").slice(-2).join("/")),
  manifest_sha256: await manifestSha256(dir),
  place: { symbol: "*", alias: "champion" },
});

/** A registry that names this champion; undefined: none. */
const registryOf =
  (champion: RoleChoice | undefined, former: readonly RoleChoice[] = []) =>
  () => ({
    champions: async () => new Map(champion ? [[symbol, champion]] : []),
    former: async () => [...former],
    beside: async () => new Map(),
  });

async function serving(on: Stage, options: Partial<ServedModelsOptions> = {}) {
  const models = await ServedModels.start({
    ...{ ...on, symbols: [symbol], clock: systemClock, log: silentLogger, store: undefined },
    registry: registryOf(undefined),
    ...options,
  });
  const [health] = models.health();
  const { version } = models.rosterOf(symbol).champion.current;
  return { models, version, health: health! };
}

describe("the model a symbol begins with", () => {
  it("is the newest bundle that is sound where the newest is damaged, and says which is not used", async () => {
    const on = await stage();
    await bundle(on, "older", 1);
    const newest = await bundle(on, "newest", 2);
    damage(newest);
    const { models, version, health } = await serving(on);
    expect(version).toBe(modelVersion("ridge-v1/older"));
    expect(health).toMatchObject({ state: "degraded", facts: { chosen_as: "newest sound bundle" } });
    expect(health.reason).toBe(
      `bundle ${newest} could not be taken into use (BUNDLE_HASH): ridge-v1/older serves`,
    );
    // Restored, it serves without a restart, and the complaint ends.
    damage(newest);
    await models.refresh();
    expect(models.rosterOf(symbol).champion.current.version).toBe(modelVersion("ridge-v1/newest"));
    expect(models.health()[0]).toMatchObject({ state: "ok", reason: null });
    await models.close();
  });

  it("is the newest bundle where the file champion names none that is here, said loudly", async () => {
    for (const text of ["ridge-v1/gone\n", "no version at all", "../elsewhere/1"]) {
      const on = await stage();
      await bundle(on, "good", 1);
      await writeFile(join(on.model_dir, "champion"), text);
      const { models, version, health } = await serving(on);
      expect(version).toBe(modelVersion("ridge-v1/good"));
      expect(health.state).toBe("degraded");
      expect(health.reason).toContain(`file ${on.model_dir}/champion could not be taken into use`);
      await models.close();
    }
  });

  it("is the zero forecast where nothing here is sound", async () => {
    const on = await stage();
    damage(await bundle(on, "only", 1));
    await mkdir(join(on.model_dir, "ridge-v1", "empty"), { recursive: true });
    const { models, version, health } = await serving(on);
    expect(version).toBe(ZERO_VERSION);
    expect(health.reason).toContain("BUNDLE_HASH");
    await models.close();
  });

  it("is the champion, mended from the store where its files here are damaged", async () => {
    const on = await stage();
    const elsewhere = await stage();
    const original = await bundle(elsewhere, "7", 2);
    const champion = await championAt(original);
    damage(await bundle(on, "7", 2));
    await bundle(on, "newer", 9);
    const pulls: string[] = [];
    const { models, version, health } = await serving(on, {
      registry: registryOf(champion),
      store: {
        description: "a store",
        pull: (model_dir, { version: wanted, manifest_sha256 }) => {
          pulls.push(wanted);
          return installBundle({ model_dir, version: wanted, manifest_sha256, fill: copyOf(original) });
        },
      },
    });
    expect(version).toBe(champion.version);
    expect(pulls).toEqual([champion.version]);
    expect(health).toMatchObject({ state: "ok", facts: { chosen_as: "champion of every symbol" } });
    // The damaged files stay for a look, and count as no bundle.
    expect(
      readdirSync(join(on.model_dir, "ridge-v1")).filter((name) => name.includes("damaged")),
    ).toHaveLength(1);
    await models.close();
  });

  it("is a former champion, then the newest bundle, where the champion is nowhere", async () => {
    const on = await stage();
    const former = await championAt(await bundle(on, "former", 1));
    await bundle(on, "newer", 9);
    const gone = { ...former, version: modelVersion("ridge-v1/gone") };
    const first = await serving(on, { registry: registryOf(gone, [former]) });
    expect(first.version).toBe(former.version);
    expect(first.health.reason).toContain("champion ridge-v1/gone could not be taken into use");
    await first.models.close();
    const second = await serving(on, { registry: registryOf(gone) });
    expect(second.version).toBe(modelVersion("ridge-v1/newer"));
    await second.models.close();
  });
});

describe("a start whose registry does not answer", () => {
  it("serves the champion last known, not a newer bundle, and follows the registry once it answers", async () => {
    const on = await stage();
    const champion = await championAt(await bundle(on, "champion", 1));
    await bundle(on, "newer", 9);
    const before = await serving(on, { registry: registryOf(champion) });
    expect(before.version).toBe(champion.version);
    await before.models.close();

    let open = false;
    const next = await championAt(join(on.model_dir, "ridge-v1", "newer"));
    const { models, version, health } = await serving(on, {
      registry: () => (open ? registryOf(next)() : undefined),
    });
    expect(version).toBe(champion.version);
    expect(health.reason).toContain("the registry of models does not answer");
    open = true;
    await models.refresh();
    expect(models.rosterOf(symbol).champion.current.version).toBe(next.version);
    expect(models.health()[0]).toMatchObject({ state: "ok", reason: null });
    await models.close();
  });

  it("goes by the bundles here where nothing was known, or what was written cannot be read", async () => {
    const on = await stage();
    await bundle(on, "good", 1);
    await writeFile(join(on.data_dir, "champions.json"), "{ torn");
    const broken = () => ({
      champions: async () => fail("STORE_QUERY", "no such table"),
      former: async () => [],
      beside: async () => new Map(),
    });
    const { models, version } = await serving(on, { registry: broken });
    expect(version).toBe(modelVersion("ridge-v1/good"));
    await models.close();
  });

  it("does not wait for one that never answers", async () => {
    const on = await stage();
    await bundle(on, "good", 1);
    const clock = new ManualClock(0);
    let asked = false;
    const silent = () => ({
      champions: () => {
        asked = true;
        return new Promise<never>(() => {});
      },
      former: async () => [],
      beside: async () => new Map(),
    });
    const starting = serving(on, { registry: silent, clock });
    while (!asked) await Promise.resolve();
    clock.advance(LIMITS.registry_ms_max);
    const { models, version } = await starting;
    expect(version).toBe(modelVersion("ridge-v1/good"));
    await models.close();
  });
});
