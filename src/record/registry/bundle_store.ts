/**
 * Model bundles in an S3-compatible store, through Bun's own client: `<name>/<version>/<file>` in one bucket.
 * SHA256SUMS is written last, so a bundle that has one there is whole. What comes from the store is trusted
 * no more than what is on disk: it is checked against the registered hash before it gets its name. Under BUNDLE_KEY the
 * store holds sealed files and never a key.
 */

import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import { withDeadline } from "../../base/deadline.ts";
import { describeError, fail } from "../../base/errors.ts";
import { readBytes } from "../../base/http.ts";
import { opened, SEAL_BYTES, type Seal } from "../../base/seal/seal.ts";
import type { ModelVersion } from "../../base/units.ts";
import {
  fileBytesMax,
  MANIFEST_FILE,
  readBundleFile,
  readVerified,
  SUMS_FILE,
} from "../../model/bundle/files.ts";
import { installBundle, type WriteFile } from "../../model/bundle/install.ts";
import { manifestSchema, parseBundleText } from "../../model/bundle/manifest.ts";

export interface BundleStoreOptions {
  readonly endpoint: string;
  readonly bucket: string;
  readonly access_key_id: string;
  readonly secret_access_key: string;
  readonly region: string;
  readonly clock: Clock;
  /** Seals what is written, here and there; without it files are plain. */
  readonly seal?: Seal | undefined;
}

/** A registered bundle as the store and the disk must have it. */
export interface StoredBundle {
  readonly version: ModelVersion;
  readonly manifest_sha256: string;
}

/** The store the configuration names; undefined where it names none. */
export function bundleStoreOf(config: Config, clock: Clock): BundleStore | undefined {
  const { s3_endpoint: endpoint, s3_bucket: bucket, s3_region: region } = config;
  const {
    bundle_key: seal,
    s3_access_key_id: access_key_id,
    s3_secret_access_key: secret_access_key,
  } = config;
  if (!endpoint || !bucket || !access_key_id || !secret_access_key) return undefined;
  return new BundleStore({ endpoint, bucket, region, access_key_id, secret_access_key, seal, clock });
}

export class BundleStore {
  /** For people, without secrets. */
  readonly description: string;
  readonly #client: Bun.S3Client;
  readonly #clock: Clock;
  readonly #seal: Seal | undefined;

  constructor(options: BundleStoreOptions) {
    this.#clock = options.clock;
    this.#seal = options.seal;
    this.description = `${options.endpoint}/${options.bucket}`;
    this.#client = new Bun.S3Client({
      endpoint: options.endpoint,
      bucket: options.bucket,
      accessKeyId: options.access_key_id,
      secretAccessKey: options.secret_access_key,
      region: options.region,
    });
  }

  /**
   * Writes the bundle in `dir`; one that is there already is left as it is.
   * @throws ForetickError BUNDLE_STORE (no answer, a refusal), MODEL_CONFLICT where the store holds another
   * bundle of that name, BUNDLE_HASH and BUNDLE_INVALID for what is in `dir`.
   */
  async push(dir: string, { version, manifest_sha256 }: StoredBundle): Promise<"written" | "there"> {
    const { contents } = await readVerified(dir, this.#seal);
    if (await this.#has(version)) {
      await this.#expectSame(version, manifest_sha256);
      return "there";
    }
    for (const [file, bytes] of contents) await this.#write(version, file, bytes);
    for (const file of [MANIFEST_FILE, SUMS_FILE])
      await this.#write(version, file, await readBundleFile(dir, file, this.#seal));
    return "written";
  }

  /**
   * Brings a bundle below `model_dir`, checked and whole or not at all.
   * @returns its folder.
   * @throws ForetickError BUNDLE_STORE where the store does not answer or does not have it; BUNDLE_HASH,
   * BUNDLE_INVALID, BUNDLE_GOLDEN where what it has is not the bundle that was registered.
   */
  pull(model_dir: string, { version, manifest_sha256 }: StoredBundle): Promise<string> {
    const seal = this.#seal;
    const fill = async (write: WriteFile): Promise<void> => {
      const bytes = await this.read(version, MANIFEST_FILE);
      const manifest = parseBundleText(MANIFEST_FILE, new TextDecoder().decode(bytes), manifestSchema);
      await write(MANIFEST_FILE, bytes);
      for (const file of [...Object.keys(manifest.files), SUMS_FILE]) {
        await write(file, await this.read(version, file));
      }
    };
    return installBundle({ model_dir, version, manifest_sha256, seal, fill });
  }

  /**
   * Writes anew each file of a bundle that the current key did not seal.
   * @returns how many those were; undefined where the store has no such bundle.
   * @throws ForetickError BUNDLE_KEY without a key, or without the one that sealed it; BUNDLE_STORE, BUNDLE_HASH, BUNDLE_INVALID.
   */
  async reseal(version: ModelVersion): Promise<number | undefined> {
    const seal = this.#seal ?? fail("BUNDLE_KEY", "BUNDLE_KEY expected the key to seal by, was not set");
    if (!(await this.#has(version))) return undefined;
    const bytes = await this.read(version, MANIFEST_FILE);
    const manifest = parseBundleText(MANIFEST_FILE, new TextDecoder().decode(bytes), manifestSchema);
    let written = 0;
    for (const file of [...Object.keys(manifest.files), MANIFEST_FILE, SUMS_FILE]) {
      const stored = await this.#stored(version, file);
      if (seal.isCurrent(stored)) continue;
      await this.#write(version, file, opened(seal, file, stored));
      written++;
    }
    return written;
  }

  /**
   * What is in one file of a bundle.
   * @throws ForetickError BUNDLE_STORE; BUNDLE_INVALID where it is too large; BUNDLE_KEY, BUNDLE_HASH where it cannot be opened.
   */
  async read(version: ModelVersion, file: string): Promise<Uint8Array> {
    return opened(this.#seal, file, await this.#stored(version, file));
  }

  #has(version: ModelVersion): Promise<boolean> {
    return this.#asked(`look for ${version}`, this.#client.exists(`${version}/${SUMS_FILE}`));
  }

  async #expectSame(version: ModelVersion, manifest_sha256: string): Promise<void> {
    const bytes = await this.read(version, MANIFEST_FILE);
    const found = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    if (found === manifest_sha256) return;
    fail(
      "MODEL_CONFLICT",
      `${version} in ${this.description} expected the manifest ${manifest_sha256}, was ${found}: train under another version`,
    );
  }

  async #write(version: ModelVersion, file: string, bytes: Uint8Array): Promise<void> {
    const key = `${version}/${file}`;
    const sealed = this.#seal ? this.#seal.seal(file, bytes) : bytes;
    await this.#asked(`write ${key}`, this.#client.write(key, sealed));
  }

  /** As it is there, sealed or plain. */
  async #stored(version: ModelVersion, file: string): Promise<Uint8Array> {
    const key = `${version}/${file}`;
    const bytes_max = fileBytesMax(file) + SEAL_BYTES;
    const { size } = await this.#asked(`find ${key}`, this.#client.stat(key));
    if (size > bytes_max) {
      fail("BUNDLE_INVALID", `${key} in the store expected at most ${bytes_max} bytes, was ${size}`);
    }
    const read = readBytes(new Response(this.#client.file(key).stream()), bytes_max, "BUNDLE_INVALID");
    return await this.#asked(`read ${key}`, read);
  }

  async #asked<T>(what: string, request: Promise<T>): Promise<T> {
    try {
      return await withDeadline(request, {
        ...{
          clock: this.#clock,
          limit: "bundle_transfer_ms_max",
          what: "its answer",
          code: "BUNDLE_STORE",
        },
      });
    } catch (error) {
      return fail(
        "BUNDLE_STORE",
        `the store ${this.description} expected to ${what}, did not: ${describeError(error)}. Check S3_ENDPOINT, S3_BUCKET and the keys`,
        { cause: error },
      );
    }
  }
}
