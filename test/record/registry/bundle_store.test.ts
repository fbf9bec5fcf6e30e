/** Bundles in an S3-compatible store, over HTTP, with Bun's own client. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { modelVersion } from "../../../src/base/units.ts";
import { loadBundle, writeBundle } from "../../../src/model/bundle/bundle.ts";
import { manifestSha256 } from "../../../src/model/bundle/files.ts";
import { BundleStore, bundleStoreOf } from "../../../src/record/registry/bundle_store.ts";
import { codeOf } from "../../base/rejection.ts";
import { freshFolder, removeFolders, sampleContents } from "../../model/sample.ts";
import { refusal, S3Server } from "./s3_server.ts";

const version = modelVersion("ridge-v1/1");
let server: S3Server;
let store: BundleStore;
let dir: string;
let bundle: { version: typeof version; manifest_sha256: string };

beforeEach(async () => {
  server = new S3Server("models");
  store = new BundleStore({
    ...{ endpoint: server.origin, bucket: "models", region: "us-east-1", clock: systemClock },
    ...{ access_key_id: "key", secret_access_key: "secret" },
  });
  dir = await writeBundle(await freshFolder(), sampleContents());
  bundle = { version, manifest_sha256: await manifestSha256(dir) };
});

afterEach(async () => {
  await server.close();
  await removeFolders();
});

/** Everything below a folder, hidden drafts too. */
const below = (folder: string): string[] => readdirSync(folder, { recursive: true }).map(String).sort();

describe("the bundle store", () => {
  it("gives back, on another machine, the bundle it was given, byte for byte and ready to serve", async () => {
    expect(await store.push(dir, bundle)).toBe("written");
    expect(server.requests.at(-1)).toBe("PUT ridge-v1/1/SHA256SUMS");
    const far = await freshFolder();
    const pulled = await store.pull(far, bundle);
    expect(pulled).toBe(join(far, "ridge-v1/1"));
    expect(below(pulled)).toEqual(below(dir));
    for (const file of below(dir))
      expect(readFileSync(join(pulled, file))).toEqual(readFileSync(join(dir, file)));
    const model = await loadBundle(pulled);
    expect(model.version).toBe(version);
    await model.close();
  });

  it("is written to once, and never with another bundle of the same name", async () => {
    await store.push(dir, bundle);
    server.requests.length = 0;
    expect(await store.push(dir, bundle)).toBe("there");
    expect(server.requests.filter((request) => request.startsWith("PUT"))).toEqual([]);
    const other = await writeBundle(await freshFolder(), sampleContents({ kind: "other" }));
    const manifest_sha256 = await manifestSha256(other);
    expect(await codeOf(store.push(other, { version, manifest_sha256 }))).toBe("MODEL_CONFLICT");
  });

  it("is written to again where the first time broke off before the end", async () => {
    server.fault = ({ method }, key) =>
      method === "PUT" && key.endsWith("golden.json") ? refusal(403, "AccessDenied") : undefined;
    expect(await codeOf(store.push(dir, bundle))).toBe("BUNDLE_STORE");
    expect(server.objects.has("ridge-v1/1/SHA256SUMS")).toBe(false);
    server.fault = undefined;
    expect(await store.push(dir, bundle)).toBe("written");
    await store.pull(await freshFolder(), bundle);
  });

  it.each([
    ["model.onnx", "BUNDLE_HASH"],
    ["golden.json", "BUNDLE_HASH"],
    ["SHA256SUMS", "BUNDLE_HASH"],
    ["manifest.json", "BUNDLE_HASH"],
  ])("whose %s was changed leaves nothing below MODEL_DIR", async (file, code) => {
    await store.push(dir, bundle);
    const key = `ridge-v1/1/${file}`;
    const text = new TextDecoder("latin1").decode(server.objects.get(key));
    // A digit for another: JSON stays JSON, hex stays hex.
    const at = text.search(/[0-8](?!.*[0-8])/s);
    const bytes = server.objects.get(key)!.slice();
    bytes[at]!++;
    server.objects.set(key, bytes);
    const far = await freshFolder();
    expect(await codeOf(store.pull(far, bundle))).toBe(code);
    expect(below(far).filter((path) => path !== "ridge-v1")).toEqual([]);
  });

  it("that lost a file, or refuses, is an error that says so, and leaves nothing behind", async () => {
    await store.push(dir, bundle);
    server.objects.delete("ridge-v1/1/scaler.json");
    const far = await freshFolder();
    expect(await codeOf(store.pull(far, bundle))).toBe("BUNDLE_STORE");
    expect(existsSync(join(far, "ridge-v1/1"))).toBe(false);
    await server.close();
    const message = await store.pull(far, bundle).then(String, (error: Error) => error.message);
    expect(message).toContain("Check S3_ENDPOINT");
    expect(message).not.toContain("secret");
  });

  it("is asked for a size before a file is taken, and a file too large is not taken", async () => {
    await store.push(dir, bundle);
    server.fault = ({ method }, key) =>
      method === "HEAD" && key.endsWith("model.onnx")
        ? new Response(null, { headers: { "Content-Length": String(60 << 20), ETag: '"x"' } })
        : undefined;
    expect(await codeOf(store.pull(await freshFolder(), bundle))).toBe("BUNDLE_INVALID");
    expect(server.requests).not.toContain("GET ridge-v1/1/model.onnx");
  });

  it("is brought once where two ask for the same bundle, and a bundle that is there is not asked for", async () => {
    await store.push(dir, bundle);
    const far = await freshFolder();
    const dirs = await Promise.all([store.pull(far, bundle), store.pull(far, bundle)]);
    expect(new Set(dirs).size).toBe(1);
    expect(below(join(far, "ridge-v1"))).toContain("1");
    expect(readdirSync(join(far, "ridge-v1"))).toEqual(["1"]);
    server.requests.length = 0;
    await store.pull(far, bundle);
    expect(server.requests).toEqual([]);
  });

  it("is used only where all of its settings are there", () => {
    const S3 = { S3_ENDPOINT: server.origin, S3_BUCKET: "models", S3_ACCESS_KEY_ID: "key" };
    expect(bundleStoreOf(readConfig({}), systemClock)).toBeUndefined();
    expect(bundleStoreOf(readConfig({ ...S3, S3_SECRET_ACCESS_KEY: "x" }), systemClock)).toBeDefined();
    expect(() => readConfig(S3)).toThrow("S3_SECRET_ACCESS_KEY: expected beside S3_ENDPOINT, was not set");
  });
});
