/** What a user of the service sees of it: every forecast on `/stream`, and the words of `/health` and `/latest`. */

import { systemClock } from "../../src/base/clock.ts";
import type { PredictionMessage, StreamMessage } from "../../src/serve/messages/stream.ts";

const POLL_MS = 100;
const ANSWER_MAX_MS = 2_000;

/** A forecast as it reached this client. */
export interface Shown extends PredictionMessage {
  /** This machine's clock when it came (µs); the exchange's runs alike here. */
  readonly seen_us: number;
}

interface HealthJson {
  readonly status: string;
  readonly dependencies: readonly {
    readonly name: string;
    readonly state: string;
    readonly reason: string | null;
  }[];
}

/** What the service says of itself at one look. */
export interface View {
  readonly at_ms: number;
  /** "ok", "degraded", "down"; "unreachable" where nothing answers. */
  readonly status: string;
  /** The parts that are not ok, with their reasons. */
  readonly complaints: readonly string[];
  /** 200 or 503 of `/latest`; 0 where nothing answers. */
  readonly latest: number;
  /** `/latest` is 200 and warm. */
  readonly warm: boolean;
}

export class Watcher {
  readonly url: string;
  readonly shown: Shown[];
  /** The looks so far, oldest first. */
  readonly views: View[] = [];
  readonly #socket: WebSocket;
  #closed = false;

  constructor(url: string, shown: Shown[]) {
    this.url = url;
    this.shown = shown;
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/stream?kinds=prediction`);
    this.#socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as StreamMessage;
      if (message.type === "prediction") this.shown.push({ ...message, seen_us: systemClock.now() });
    };
    void this.#poll();
  }

  get newest(): View | undefined {
    return this.views.at(-1);
  }

  close(): void {
    this.#closed = true;
    this.#socket.close();
  }

  async #poll(): Promise<void> {
    while (!this.#closed) {
      this.views.push(await this.#look());
      await Bun.sleep(POLL_MS);
    }
  }

  async #look(): Promise<View> {
    const signal = AbortSignal.timeout(ANSWER_MAX_MS);
    try {
      const [health, latest] = await Promise.all([
        fetch(`${this.url}/health`, { signal }),
        fetch(`${this.url}/latest`, { signal }),
      ]);
      const { status, dependencies } = (await health.json()) as HealthJson;
      const { warm } = (await latest.json()) as { readonly warm?: boolean };
      const complaints = dependencies
        .filter(({ state }) => state !== "ok")
        .map(({ name, reason }) => `${name}: ${reason}`);
      return {
        at_ms: performance.now(),
        status,
        complaints,
        latest: latest.status,
        warm: latest.status === 200 && warm === true,
      };
    } catch {
      return { at_ms: performance.now(), status: "unreachable", complaints: [], latest: 0, warm: false };
    }
  }
}
