import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/base/errors.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { type BundleContents, loadBundle, writeBundle } from "../../../src/model/bundle/bundle.ts";
import { MANIFEST_FILE, SUMS_FILE, sha256Hex, sumsText } from "../../../src/model/bundle/files.ts";
import type { Manifest } from "../../../src/model/bundle/manifest.ts";
import { OnnxGraphBuilder } from "../../../src/train/export/onnx.ts";
import { refusal } from "../../base/rejection.ts";
import { freshBundle, freshFolder, removeFolders, sampleContents, sampleVector } from "../sample.ts";

const FILES = ["SHA256SUMS", "golden.json", "manifest.json", "model.onnx", "scaler.json", "schema_v1.json"];
afterAll(removeFolders);

/** Changes a file and puts every hash right again: what only the content's own checks can catch. */
async function rewrite(dir: string, file: string, change: (text: string) => string): Promise<void> {
  const path = join(dir, file);
  await writeFile(path, change(await readFile(path, "utf8")));
  await reseal(dir);
}

async function reseal(dir: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(dir, MANIFEST_FILE), "utf8")) as Manifest;
  for (const [name, entry] of Object.entries(manifest.files)) {
    const bytes = await readFile(join(dir, name));
    Object.assign(entry, { sha256: sha256Hex(bytes), bytes: bytes.length });
  }
  const text = JSON.stringify(manifest);
  await writeFile(join(dir, MANIFEST_FILE), text);
  await writeFile(join(dir, SUMS_FILE), sumsText(manifest, sha256Hex(text)));
}

const expectInvalid = async (change: Partial<BundleContents>, code: ErrorCode): Promise<void> => {
  const folder = await freshFolder();
  const refused = await refusal(writeBundle(folder, { ...sampleContents(), ...change }));
  expect(refused.code).toBe(code);
  expect(await readdir(join(folder, "ridge-v1"))).toEqual([]);
};

describe("bundle", () => {
  it("is written whole, loads, and answers as the trained model did", async () => {
    const dir = await freshBundle();
    expect((await readdir(dir)).sort()).toEqual(FILES);
    const model = await loadBundle(dir);
    const { golden, manifest } = sampleContents();
    expect(golden.vectors.length).toBeGreaterThanOrEqual(24);
    expect(golden.tolerance).toBeLessThan(1e-4 * manifest.target_scale);
    for (const { values, expected } of golden.vectors) {
      const inference = await model.infer(model.set_hash, Float64Array.from(values));
      expect(inference.source).toBe("onnx");
      expect(Math.abs(inference.yhat - expected)).toBeLessThanOrEqual(golden.tolerance);
    }
    await model.close();
  });

  it("is refused when any byte of any file has changed, with the file named", async () => {
    const dir = await freshBundle();
    for (const file of FILES) {
      const path = join(dir, file);
      const bytes = await readFile(path);
      for (const share of [0, 0.3, 0.7, 0.999]) {
        const altered = Uint8Array.from(bytes);
        altered[Math.floor(share * bytes.length)]! ^= 1;
        await writeFile(path, altered);
        const refused = await refusal(loadBundle(dir));
        expect(refused.code).toBe("BUNDLE_HASH");
        // A changed line of SHA256SUMS may as well be the manifest's: both are named by what differs.
        if (file !== SUMS_FILE) expect(refused.message).toContain(file);
      }
      await truncate(path, bytes.length - 1);
      expect((await refusal(loadBundle(dir))).code).toBe("BUNDLE_HASH");
      await writeFile(path, bytes);
    }
    await (await loadBundle(dir)).close();
  });

  it("is refused when a file is missing", async () => {
    for (const file of FILES) {
      const dir = await freshBundle();
      await rm(join(dir, file));
      const refused = await refusal(loadBundle(dir));
      expect([refused.code, refused.message]).toEqual(["BUNDLE_INVALID", expect.stringContaining(file)]);
    }
  });

  it("is refused before it is read when a file is oversized", async () => {
    const dir = await freshBundle();
    await truncate(join(dir, "model.onnx"), LIMITS.model_bytes_max + 1);
    const refused = await refusal(loadBundle(dir));
    expect([refused.code, refused.message]).toEqual(["BUNDLE_INVALID", expect.stringContaining("at most")]);
  });

  it("is refused when its files contradict each other, hashes put right or not", async () => {
    const changes: [file: string, change: (text: string) => string, code: ErrorCode][] = [
      ["schema_v1.json", (text) => text.replace(/"set_hash": "../, '"set_hash": "00'), "BUNDLE_INVALID"],
      ["schema_v1.json", (text) => text.replace("ret_1s", "ret_3s"), "BUNDLE_INVALID"],
      ["scaler.json", (text) => text.replace("ret_1s", "ret_3s"), "BUNDLE_INVALID"],
      ["golden.json", (text) => text.replace(/"expected": -?/, '"expected": 1'), "BUNDLE_GOLDEN"],
      ["golden.json", () => "[]", "BUNDLE_INVALID"],
      ["manifest.json", (text) => text.replace('"n_inputs": 22', '"n_inputs": 21'), "BUNDLE_INVALID"],
      ["manifest.json", (text) => text.replace('"servable"', '"servible"'), "BUNDLE_INVALID"],
      ["manifest.json", (text) => text.replace('"name": "ridge-v1"', '"name": "../up"'), "BUNDLE_INVALID"],
    ];
    for (const [file, change, code] of changes) {
      const dir = await freshBundle();
      await rewrite(dir, file, change);
      expect([file, (await refusal(loadBundle(dir))).code]).toEqual([file, code]);
    }
  });

  it("is refused when its graph is not allowed or does not fit, and leaves nothing behind", async () => {
    const graph = new OnnxGraphBuilder("loop", [22]);
    graph.node("Loop", [graph.input], {}, "yhat");
    await expectInvalid({ model_onnx: graph.toBytes() }, "ONNX_REFUSED");
    await expectInvalid({ model_onnx: new Uint8Array([0xff]) }, "ONNX_MALFORMED");
    const narrow = new OnnxGraphBuilder("narrow", [1]);
    narrow.relu(narrow.input, "yhat");
    await expectInvalid({ model_onnx: narrow.toBytes() }, "BUNDLE_INVALID");
  });

  it("is refused when either evaluator answers otherwise than the trained model", async () => {
    const { golden } = sampleContents();
    const [first, ...others] = golden.vectors;
    const moved = { ...first!, expected: first!.expected + 2 * golden.tolerance };
    await expectInvalid({ golden: { ...golden, vectors: [...others, moved] } }, "BUNDLE_GOLDEN");
  });

  it("is never overwritten", async () => {
    const folder = await freshFolder();
    const dir = await writeBundle(folder, sampleContents());
    const before = await readFile(join(dir, MANIFEST_FILE), "utf8");
    const again = sampleContents({ kind: "other" });
    expect((await refusal(writeBundle(folder, again))).code).toBe("BUNDLE_EXISTS");
    expect(await readFile(join(dir, MANIFEST_FILE), "utf8")).toBe(before);
    expect(await readdir(join(folder, "ridge-v1"))).toEqual(["1"]);
  });

  it("carries further files under the same seal", async () => {
    const extra = { "report.json": new TextEncoder().encode("{}") };
    const dir = await writeBundle(await freshFolder(), { ...sampleContents(), extra });
    await (await loadBundle(dir)).close();
    await writeFile(join(dir, "report.json"), "[]");
    expect((await refusal(loadBundle(dir))).code).toBe("BUNDLE_HASH");
  });

  it("is refused when what it says of its features is of others, or is no number", async () => {
    const features = sampleContents().columns.columns.map(({ name }) => ({ name, r2_lost: 0, weight: 1 }));
    const extraOf = (changed: unknown[]) => ({
      "importance.json": new TextEncoder().encode(
        JSON.stringify({ format: "foretick-importance/1", rows: 0, features: changed }),
      ),
    });
    await expectInvalid({ extra: extraOf(features.slice(1)) }, "BUNDLE_INVALID");
    await expectInvalid({ extra: extraOf([...features].reverse()) }, "BUNDLE_INVALID");
    const below = [{ ...features[0]!, weight: -1 }, ...features.slice(1)];
    await expectInvalid({ extra: extraOf(below) }, "BUNDLE_INVALID");
    const dir = await writeBundle(await freshFolder(), { ...sampleContents(), extra: extraOf(features) });
    const model = await loadBundle(dir);
    expect(model.importance?.features).toEqual(features);
    await model.close();
    const before = await loadBundle(await freshBundle());
    expect(before.importance).toBeUndefined();
    await before.close();
  });

  it("gives the same forecast twice, bit for bit, after being loaded twice", async () => {
    const dir = await freshBundle();
    const [one, two] = [await loadBundle(dir), await loadBundle(dir)];
    for (let row = 0; row < 200; row++) {
      const answers = [one, two].map((model) => model.infer(model.set_hash, sampleVector(row)));
      const [first, second] = await Promise.all(answers);
      expect(first!.yhat).toBe(second!.yhat);
    }
    await Promise.all([one.close(), two.close()]);
  });
});
