/** Where the lake lies: a folder, or an S3-compatible store. What is put is there whole or not at all. */

import { copyFile, mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Clock, systemClock } from "../../base/clock.ts";
import type { Config } from "../../base/config.ts";
import { withDeadline } from "../../base/deadline.ts";
import { sync, writeDurably } from "../../base/durable.ts";
import { describeError, fail } from "../../base/errors.ts";

export interface LakeStore {
  /** For people, without secrets. */
  readonly description: string;
  /** Undefined where there is none. @throws ForetickError LAKE_STORE. */
  readText(key: string): Promise<string | undefined>;
  /** @throws ForetickError LAKE_STORE. */
  putText(key: string, text: string): Promise<void>;
  /** The file at `path` is the store's from then on. @throws ForetickError LAKE_STORE. */
  putFile(key: string, path: string): Promise<void>;
}

/** A store that takes copies of files that stay where they are. */
export interface CopyStore {
  readonly description: string;
  /** @throws ForetickError LAKE_STORE. */
  copyFile(key: string, path: string): Promise<void>;
}

export class LakeFolder implements LakeStore {
  readonly description: string;
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    this.description = dir;
  }

  readText(key: string): Promise<string | undefined> {
    return asked(`read ${key}`, this.description, systemClock, async () => {
      try {
        return await readFile(join(this.#dir, key), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    });
  }

  putText(key: string, text: string): Promise<void> {
    return asked(`write ${key}`, this.description, systemClock, async () => {
      await mkdir(dirname(join(this.#dir, key)), { recursive: true });
      await writeDurably(join(this.#dir, key), text);
    });
  }

  putFile(key: string, path: string): Promise<void> {
    const to = join(this.#dir, key);
    return asked(`write ${key}`, this.description, systemClock, async () => {
      await mkdir(dirname(to), { recursive: true });
      const draft = `${to}.part`;
      // The draft may be on another disk, from where nothing can be renamed to here.
      await rename(path, draft).catch(async () => {
        await copyFile(path, draft);
        await rm(path);
      });
      await sync(draft);
      await rename(draft, to);
      await sync(dirname(to));
    });
  }
}

/** Keys of the lake begin so in a bucket that also has bundles. */
const PREFIX = "lake/";

export class LakeBucket implements LakeStore, CopyStore {
  readonly description: string;
  readonly #prefix: string;
  readonly #client: Bun.S3Client;
  readonly #clock: Clock;

  /** @param prefix what its keys begin with. */
  constructor(config: Config, clock: Clock, prefix = PREFIX) {
    const { s3_endpoint: endpoint, s3_bucket: bucket, s3_region: region } = config;
    const { s3_access_key_id: accessKeyId, s3_secret_access_key: secretAccessKey } = config;
    if (!endpoint || !bucket || !accessKeyId || !secretAccessKey) {
      fail(
        "CONFIG_INVALID",
        "a lake in S3 expected S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, were not set",
      );
    }
    this.#clock = clock;
    this.#prefix = prefix;
    this.description = `${endpoint}/${bucket}/${prefix}`;
    this.#client = new Bun.S3Client({ endpoint, bucket, region, accessKeyId, secretAccessKey });
  }

  readText(key: string): Promise<string | undefined> {
    return asked(`read ${key}`, this.description, this.#clock, async () => {
      const file = this.#client.file(this.#prefix + key);
      return (await file.exists()) ? await file.text() : undefined;
    });
  }

  async putText(key: string, text: string): Promise<void> {
    await asked(`write ${key}`, this.description, this.#clock, () =>
      this.#client.write(this.#prefix + key, text),
    );
  }

  /** An upload in parts has its name only once it is complete. */
  async putFile(key: string, path: string): Promise<void> {
    await this.copyFile(key, path);
    await rm(path);
  }

  async copyFile(key: string, path: string): Promise<void> {
    const upload = () => this.#client.write(this.#prefix + key, Bun.file(path));
    await asked(`write ${key}`, this.description, this.#clock, upload);
  }
}

async function asked<T>(what: string, where: string, clock: Clock, ask: () => Promise<T>): Promise<T> {
  try {
    return await withDeadline(ask(), {
      ...{ clock, limit: "lake_transfer_ms_max", what: "its answer", code: "LAKE_STORE" },
    });
  } catch (error) {
    return fail(
      "LAKE_STORE",
      `the lake ${where} expected to ${what}, did not: ${describeError(error)}. Check the folder, or S3_ENDPOINT, S3_BUCKET and the keys`,
      { cause: error },
    );
  }
}
