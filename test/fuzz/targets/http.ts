/** Requests to the service: an answer, or a problem with a code and a status of its own; never a fault inside. */

import { readFileSync } from "node:fs";
import { systemClock } from "../../../src/base/clock.ts";
import { readConfig } from "../../../src/base/config.ts";
import { ERROR_TABLE, fail } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { v1 } from "../../../src/features/sets/v1.ts";
import { ZeroModel } from "../../../src/model/zero_model.ts";
import { Calibrations } from "../../../src/predict/calibrations.ts";
import { Access } from "../../../src/serve/access/access.ts";
import { createApp } from "../../../src/serve/app.ts";
import { StreamHub } from "../../../src/serve/stream/hub.ts";
import { Asks } from "../../../src/system/asked/asks.ts";
import { FakeMarket } from "../../serve/fake_market.ts";
import { mutatedJson } from "../mutate_json.ts";
import { bytesOfText, type Door, promise, type Target, textOfBytes } from "../target.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

const BODIES: Readonly<Record<string, unknown>> = {
  "/predict": { symbol: "BTCUSDT", features: Object.fromEntries(v1.names.map((name) => [name, 0.5])) },
  "/train": { symbol: "BTCUSDT", models: ["ridge"] },
  "/deployments": { symbol: "BTCUSDT", version: "ridge-v1/1", strategy: "canary" },
  "/alerts/silence": { rule: "features_late", minutes: 5, reason: "known" },
};
const EXAMPLES: Readonly<Record<string, unknown>> = {
  ...{ symbol: "BTCUSDT", model_version: "ridge-v1/2026-11-21t10-00-00z", limit: "5", horizon_s: "10" },
  ...{ role: "champion", from: "2024-11-21T09:06:00Z", to: "2024-11-21T09:07:00Z", window: "1h" },
};

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: unknown;
}

/** A request for each operation of the description. */
function requests(): Asked[] {
  const file = new URL("../../../docs/openapi.json", import.meta.url);
  const { paths } = JSON.parse(readFileSync(file, "utf8")) as {
    paths: Record<string, Record<string, Operation>>;
  };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, "ridge-v1%2F1"),
      query: Object.fromEntries(
        parameters.flatMap(({ name, in: at }) => (at === "query" ? [[name, EXAMPLES[name] ?? "x"]] : [])),
      ),
      headers: {
        authorization: "Bearer admin",
        ...(requestBody ? { "content-type": "application/json" } : {}),
      },
      body: requestBody ? (BODIES[path] ?? { symbol: "BTCUSDT", model_id: "ridge-v1/1" }) : null,
    })),
  );
}

/** Undefined where no client could send it. */
function requestOf(text: string): Request | undefined {
  try {
    const { method, path, query, headers, body } = JSON.parse(text) as Asked;
    const url = new URL(`http://foretick.test${String(path)}`);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.append(name, String(value));
    const sent = Object.entries(headers ?? {}).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    const text_body = typeof body === "string" ? body : JSON.stringify(body);
    const has_body = method !== "GET" && method !== "HEAD" && body !== null;
    return new Request(url.href, { method, headers: sent, ...(has_body ? { body: text_body } : {}) });
  } catch {
    return undefined;
  }
}

const none = async (): Promise<never> => fail("MODEL_UNKNOWN", "no such model here");

function appOf() {
  const zero = new ZeroModel(v1);
  const calibrations = new Calibrations();
  const asks = new Asks({
    models: { of: none, ensemble: none },
    membersOf: async () => undefined,
    settings: readConfig({}),
    ...{ busy_ms: 0, clock: systemClock },
    symbolOf: () => ({ champion: zero, calibrations, priceOf: () => null }),
  });
  class Market extends FakeMarket {
    readonly asks = asks;
  }
  const market = new Market();
  for (let sec = 1_732_180_000; sec < 1_732_180_030; sec++) market.tick(sec);
  const anyone = {
    ...{ fits: () => true, any: async () => true },
    identify: async (key: string) => ({ actor: "admin", role: "admin" as const, id: key.slice(0, 20) }),
  };
  const access = new Access({ public_read: true, credentials: [anyone] });
  const hub = new StreamHub(market, systemClock);
  const app = createApp({ ports: market, hub, clock: systemClock, log: silentLogger, access });
  return { app, hub };
}

function open(): Target {
  const all = requests();
  const { app, hub } = appOf();
  return {
    codes: [],
    input: (rng) => bytesOfText(mutatedJson(rng, all)),
    attempt: async (input) => {
      const request = requestOf(textOfBytes(input));
      if (!request) return;
      const response = await app.request(request);
      const type = response.headers.get("content-type") ?? "";
      if (type.startsWith("text/event-stream")) return response.body?.cancel();
      const text = await response.text();
      if (type !== "application/problem+json") {
        promise(response.status < 400, `an answer of status ${response.status} is a problem`);
        return;
      }
      const { code, status } = JSON.parse(text) as { code: keyof typeof ERROR_TABLE; status: number };
      promise(
        status === response.status && code in ERROR_TABLE,
        `a problem has a code of the table, was ${code}`,
      );
      promise(code !== "INTERNAL", "no request ends in a fault inside");
    },
    close: () => hub.close(),
  };
}

export const http: Door = {
  name: "http",
  what: "requests to the service",
  runs: 1_000_000,
  short_runs: 300,
  open,
};
