/**
 * Bytes sealed at rest: AES-256-GCM under a key the operator gives. A sealed file is
 * `magic (8) | id of the key (8) | nonce (12) | tag (16) | ciphertext`; its name is authenticated with it, so that one file
 * cannot stand in another's place. The first key seals, every key opens: that is how keys are rotated.
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { fail } from "../errors.ts";

const MAGIC = new TextEncoder().encode("FTSEAL1\n");
const KEY_ID_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;
/** What a file grows by when it is sealed (bytes). */
export const SEAL_BYTES = MAGIC.length + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;

interface Key {
  readonly id: string;
  readonly bytes: Uint8Array;
}

export class Seal {
  readonly #keys: readonly [Key, ...Key[]];

  /** @param keys of 32 random bytes: the first seals, all open. */
  constructor(keys: readonly [Uint8Array, ...Uint8Array[]]) {
    const [first, ...others] = keys;
    this.#keys = [keyOf(first), ...others.map(keyOf)];
  }

  /** Of the key that seals: it says which key that is and nothing of it. */
  get key_id(): string {
    return this.#keys[0].id;
  }

  /** Whether `bytes` are sealed, and by the key that seals now. */
  isCurrent(bytes: Uint8Array): boolean {
    return isSealed(bytes) && keyIdOf(bytes) === this.key_id;
  }

  seal(name: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const [key] = this.#keys;
    const nonce = randomBytes(NONCE_BYTES);
    const head = Buffer.concat([MAGIC, Buffer.from(key.id, "hex")]);
    const cipher = createCipheriv("aes-256-gcm", key.bytes, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.concat([head, Buffer.from(name)]));
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
    return new Uint8Array(Buffer.concat([head, nonce, cipher.getAuthTag(), sealed]));
  }

  /** @throws ForetickError BUNDLE_KEY where another key sealed it, BUNDLE_HASH where a byte of it has changed. */
  open(name: string, bytes: Uint8Array): Uint8Array {
    const id = keyIdOf(bytes);
    const key = this.#keys.find((one) => one.id === id);
    if (!key) {
      const have = this.#keys.map((one) => one.id).join(", ");
      fail(
        "BUNDLE_KEY",
        `${name} is sealed by the key ${id}, BUNDLE_KEY has ${have}: add that key after yours`,
      );
    }
    const nonce_at = MAGIC.length + KEY_ID_BYTES;
    const tag_at = nonce_at + NONCE_BYTES;
    try {
      const nonce = bytes.subarray(nonce_at, tag_at);
      const decipher = createDecipheriv("aes-256-gcm", key.bytes, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.concat([bytes.subarray(0, nonce_at), Buffer.from(name)]));
      decipher.setAuthTag(bytes.subarray(tag_at, SEAL_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(SEAL_BYTES)), decipher.final()]);
    } catch (cause) {
      return fail(
        "BUNDLE_HASH",
        `${name} is not the file that was sealed: a byte of it has changed. Restore it or train again`,
        { cause, details: { file: name } },
      );
    }
  }
}

export function isSealed(bytes: Uint8Array): boolean {
  return bytes.length >= SEAL_BYTES && MAGIC.every((byte, at) => bytes[at] === byte);
}

/**
 * What is in a file, sealed or plain.
 * @throws ForetickError BUNDLE_KEY where it is sealed and there is no key, or another; BUNDLE_HASH where it has changed.
 */
export function opened(seal: Seal | undefined, name: string, bytes: Uint8Array): Uint8Array {
  if (!isSealed(bytes)) return bytes;
  if (seal) return seal.open(name, bytes);
  return fail(
    "BUNDLE_KEY",
    `${name} is sealed by the key ${keyIdOf(bytes)}, BUNDLE_KEY is not set: set it to that key`,
  );
}

const keyIdOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.subarray(MAGIC.length, MAGIC.length + KEY_ID_BYTES)).toString("hex");

// Of 256 random bits: nobody finds them by their hash.
const keyOf = (bytes: Uint8Array): Key => ({
  id: createHash("sha256")
    .update("foretick bundle key")
    .update(bytes)
    .digest("hex")
    .slice(0, 2 * KEY_ID_BYTES),
  bytes,
});
