/** Bundles at rest under BUNDLE_KEY: on the disk and in the store. */

import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openCommand, sealCommand } from "../../../scripts/store/commands/seal.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { isSealed, SEAL_BYTES, type Seal } from "../../../src/base/seal/seal.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { BatchModel } from "../../../src/model/bundle/batch.ts";
import { loadBundle, writeBundle } from "../../../src/model/bundle/bundle.ts";
import { manifestSha256 } from "../../../src/model/bundle/files.ts";
import { copyOf, installBundle } from "../../../src/model/bundle/install.ts";
import { newestBundle } from "../../../src/model/bundle/newest.ts";
import { BundleStore } from "../../../src/record/registry/bundle_store.ts";
import { refusal } from "../../base/rejection.ts";
import { S3Server } from "../../record/registry/s3_server.ts";
import { freshFolder, removeFolders, sampleContents } from "../sample.ts";

const version = modelVersion("ridge-v1/1");
const key = (): string => randomBytes(32).toString("hex");
const [OLD, NEW] = [key(), key()];
const sealOf = (...keys: string[]): Seal => readConfig({ BUNDLE_KEY: keys.join(",") }).bundle_key!;
const seal = sealOf(OLD);

const filesOf = async (dir: string): Promise<Map<string, Buffer>> => {
  const names = (await readdir(dir)).sort();
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name))] as const)),
  );
};
const sealedBundle = async (): Promise<{ folder: string; dir: string }> => {
  const folder = await freshFolder();
  return { folder, dir: await writeBundle(folder, sampleContents(), seal) };
};

afterAll(removeFolders);

describe("a bundle under BUNDLE_KEY", () => {
  it("has no readable byte on the disk, is the same bundle as without, and loads at every place that reads one", async () => {
    const { folder, dir } = await sealedBundle();
    const plain = await writeBundle(await freshFolder(), sampleContents());
    const [sealed, open] = [await filesOf(dir), await filesOf(plain)];
    expect([...sealed.keys()]).toEqual([...open.keys()]);
    for (const [name, bytes] of sealed) {
      expect([name, isSealed(bytes)]).toEqual([name, true]);
      expect(bytes.length).toBe(open.get(name)!.length + SEAL_BYTES);
      expect(bytes.indexOf(open.get(name)!.subarray(0, 16))).toBe(-1);
    }
    expect(await manifestSha256(dir, seal)).toBe(await manifestSha256(plain));
    const model = await loadBundle(dir, seal);
    expect(model.version).toBe(version);
    await model.close();
    await (await BatchModel.open(dir, seal)).close();
    expect((await newestBundle(folder, [v1], seal)).dir).toBe(dir);
  });

  it("is refused in one sentence without its key, with another, and with any byte changed", async () => {
    const { dir } = await sealedBundle();
    const sentence = async (with_seal: Seal | undefined): Promise<string> => {
      const refused = await refusal(loadBundle(dir, with_seal));
      return `${refused.code} ${refused.message}`;
    };
    expect(await sentence(undefined)).toBe(
      `BUNDLE_KEY SHA256SUMS is sealed by the key ${seal.key_id}, BUNDLE_KEY is not set: set it to that key`,
    );
    const other = sealOf(NEW);
    expect(await sentence(other)).toBe(
      `BUNDLE_KEY SHA256SUMS is sealed by the key ${seal.key_id}, BUNDLE_KEY has ${other.key_id}: add that key after yours`,
    );
    for (const [name, bytes] of await filesOf(dir)) {
      // Nonce, tag, first and last byte of what is in it; the head says which key, or that it is sealed at all.
      for (const at of [16, 28, SEAL_BYTES, bytes.length - 1]) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1;
        await writeFile(join(dir, name), changed);
        expect(await sentence(seal)).toBe(
          `BUNDLE_HASH ${name} is not the file that was sealed: a byte of it has changed. Restore it or train again`,
        );
      }
      await writeFile(join(dir, name), bytes);
    }
    const files = await filesOf(dir);
    await writeFile(join(dir, "golden.json"), files.get("scaler.json")!);
    expect(await sentence(seal)).toContain("BUNDLE_HASH golden.json");
  });

  it("may be plain still: a key does not lock out what was there before it", async () => {
    const plain = await writeBundle(await freshFolder(), sampleContents());
    await (await loadBundle(plain, seal)).close();
    const model_dir = await freshFolder();
    const manifest_sha256 = await manifestSha256(plain);
    const install = { model_dir, version, manifest_sha256, seal, fill: copyOf(plain, seal) };
    const dir = await installBundle(install);
    for (const [name, bytes] of await filesOf(dir)) expect([name, isSealed(bytes)]).toEqual([name, true]);
  });

  it("is sealed in the store too, which gives it to a machine with the key and to no other", async () => {
    const server = new S3Server("models");
    try {
      const options = {
        ...{ endpoint: server.origin, bucket: "models", region: "us-east-1", clock: systemClock },
        ...{ access_key_id: "key", secret_access_key: "secret" },
      };
      const { dir } = await sealedBundle();
      const bundle = { version, manifest_sha256: await manifestSha256(dir, seal) };
      const store = new BundleStore({ ...options, seal });
      expect(await store.push(dir, bundle)).toBe("written");
      expect(await store.push(dir, bundle)).toBe("there");
      expect(server.objects.size).toBe(6);
      for (const [name, bytes] of server.objects) expect([name, isSealed(bytes)]).toEqual([name, true]);
      const pulled = await store.pull(await freshFolder(), bundle);
      await (await loadBundle(pulled, seal)).close();
      const without = new BundleStore(options);
      expect((await refusal(without.pull(await freshFolder(), bundle))).code).toBe("BUNDLE_KEY");
      const rotated = new BundleStore({ ...options, seal: sealOf(NEW, OLD) });
      expect(await rotated.reseal(version)).toBe(6);
      expect(await rotated.reseal(version)).toBe(0);
      expect(await rotated.reseal(modelVersion("no/1"))).toBeUndefined();
      await new BundleStore({ ...options, seal: sealOf(NEW) }).pull(await freshFolder(), bundle);
    } finally {
      await server.close();
    }
  });

  it("gets a new key while the old one still opens, and needs the old one no longer after `models seal`", async () => {
    const { folder, dir } = await sealedBundle();
    const config = (BUNDLE_KEY: string) => readConfig({ BUNDLE_KEY, MODEL_DIR: folder });
    expect((await refusal(sealCommand(config(NEW)))).code).toBe("BUNDLE_KEY");
    const both = config(`${NEW},${OLD}`);
    await (await loadBundle(dir, both.bundle_key)).close();
    expect(await sealCommand(both)).toEqual([
      `key     ${sealOf(NEW).key_id}`,
      `sealed  ${version}: 6 files here`,
    ]);
    expect((await sealCommand(both)).at(-1)).toContain("0 files here");
    await (await loadBundle(dir, sealOf(NEW))).close();
    expect((await refusal(loadBundle(dir, seal))).code).toBe("BUNDLE_KEY");
    const to = join(await freshFolder(), "plain");
    await openCommand(config(NEW), version, to);
    await (await loadBundle(to)).close();
  });
});

describe("BUNDLE_KEY", () => {
  it("is hex, base64 or a file of either, and what is none of them is refused without being shown", async () => {
    const hex = key();
    const base64 = Buffer.from(hex, "hex").toString("base64");
    const path = join(await freshFolder(), "key");
    await writeFile(path, `${base64}\n`);
    const ids = [hex, base64, path].map((text) => sealOf(text).key_id);
    expect(new Set(ids).size).toBe(1);
    expect(readConfig({}).bundle_key).toBeUndefined();
    const EXPECTED = "expected 32 bytes in hex or base64 (openssl rand -hex 32), or a file that holds them";
    for (const [text, message] of [
      [hex.slice(2), EXPECTED],
      [`${hex},zz`, `${EXPECTED} in place 2`],
      ["/no/such/file", "expected a file that can be read"],
    ] as const)
      expect(() => readConfig({ BUNDLE_KEY: text })).toThrow(`BUNDLE_KEY: ${message}, was (hidden)`);
  });
});
