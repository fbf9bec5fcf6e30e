/**
 * What can go wrong with an answer by REST, on purpose: an error, no answer at all, an old one, one without end. Until
 * it is taken back.
 */

export const REST_FAULTS = ["error", "hang", "stale", "huge"] as const;
export type RestFault = (typeof REST_FAULTS)[number];

export interface RestFaultOptions {
  /** Of "error": the HTTP status. */
  readonly status?: number | undefined;
  /** Of "huge": the size of each body (bytes). */
  readonly bytes?: number | undefined;
}

/** As large as the 150 MB bodies seen in the wild. */
const HUGE_BYTES = 150_000_000;
const PIECE = new Uint8Array(1 << 16).fill(0x20);

export class RestFaults {
  #fault: RestFault | undefined;
  #options: RestFaultOptions = {};
  /** Answers of before, by address. */
  readonly #old = new Map<string, { readonly body: Uint8Array<ArrayBuffer>; readonly init: ResponseInit }>();

  get fault(): RestFault | undefined {
    return this.#fault;
  }

  begin(fault: RestFault, options: RestFaultOptions = {}): void {
    this.#fault = fault;
    this.#options = options;
    this.#old.clear();
  }

  end(): void {
    this.#fault = undefined;
    this.#old.clear();
  }

  /** @param truth what would be answered; called only where it is needed. */
  answer(url: URL, truth: () => Response): Response | Promise<Response> {
    switch (this.#fault) {
      case undefined:
        return truth();
      case "error":
        return refusal(this.#options.status ?? 503);
      case "hang":
        // The client's own limit ends it.
        return new Promise(() => {});
      case "stale":
        return this.#stale(url, truth);
      case "huge":
        return new Response(endless(this.#options.bytes ?? HUGE_BYTES), {
          headers: { "content-type": "application/json;charset=UTF-8" },
        });
    }
  }

  /** What the address said when it was first asked during the fault. */
  async #stale(url: URL, truth: () => Response): Promise<Response> {
    const key = `${url.pathname}${url.search}`;
    const known = this.#old.get(key);
    if (known) return new Response(known.body, known.init);
    const response = truth();
    const body = new Uint8Array(await response.arrayBuffer());
    this.#old.set(key, { body, init: { status: response.status, headers: response.headers } });
    return new Response(body, { status: response.status, headers: response.headers });
  }
}

function refusal(status: number): Response {
  const body = JSON.stringify({
    code: -1001,
    msg: "Internal error; unable to process your request. Please try again.",
  });
  return new Response(body, { status, headers: { "content-type": "application/json;charset=UTF-8" } });
}

/** Spaces, which any JSON may begin with. */
function endless(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull: (controller) => {
      const piece = PIECE.subarray(0, Math.min(left, PIECE.length));
      left -= piece.length;
      if (piece.length > 0) controller.enqueue(piece);
      if (left <= 0) controller.close();
    },
  });
}
