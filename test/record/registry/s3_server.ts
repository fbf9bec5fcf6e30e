/**
 * A small S3-compatible store over HTTP: objects by path-style key, in memory. It does not verify signatures but
 * refuses a request without one. Faults are the test's to set.
 */

import { createHash } from "node:crypto";

export class S3Server {
  readonly objects = new Map<string, Uint8Array>();
  /** "PUT name/version/file" in the order they came. */
  readonly requests: string[] = [];
  /** Answers a request otherwise than it should be; undefined: as it should be. */
  fault: ((request: Request, key: string) => Response | undefined) | undefined;
  readonly #bucket: string;
  readonly #server: ReturnType<typeof Bun.serve>;

  constructor(bucket: string) {
    this.#bucket = bucket;
    this.#server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => this.#answer(request) });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async close(): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const [, bucket, ...parts] = decodeURIComponent(new URL(request.url).pathname).split("/");
    const key = parts.join("/");
    this.requests.push(`${request.method} ${key}`);
    if (!isSigned(request)) return refusal(403, "AccessDenied");
    if (bucket !== this.#bucket) return refusal(404, "NoSuchBucket");
    const fault = this.fault?.(request, key);
    if (fault) return fault;
    if (request.method === "PUT") {
      this.objects.set(key, new Uint8Array(await request.arrayBuffer()));
      return new Response(null, { headers: { ETag: etagOf(this.objects.get(key)!) } });
    }
    const found = this.objects.get(key);
    if (!found) return refusal(404, "NoSuchKey");
    const headers = { ETag: etagOf(found), "Content-Length": String(found.length) };
    return new Response(request.method === "HEAD" ? null : found.slice(), { headers });
  }
}

/** AWS signature version 4: the key's id and scope, what is signed, and a signature, whatever it is. */
function isSigned({ headers }: Request): boolean {
  const text = headers.get("authorization") ?? "";
  const whole =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[^/]+\/s3\/aws4_request, ?SignedHeaders=[a-z0-9;-]+, ?Signature=[0-9a-f]{64}$/;
  return whole.test(text) && headers.has("x-amz-date");
}

const etagOf = (bytes: Uint8Array): string => `"${createHash("md5").update(bytes).digest("hex")}"`;

export function refusal(status: number, code: string): Response {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return new Response(body, { status, headers: { "Content-Type": "application/xml" } });
}
