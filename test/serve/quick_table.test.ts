import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { ManualClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { JoinedPrediction } from "../../src/predict/prediction.ts";
import type { SeriesChoice } from "../../src/predict/series.ts";
import { Access, type AccessOptions } from "../../src/serve/access/access.ts";
import { TrustedProxies } from "../../src/serve/access/addresses.ts";
import { Rates } from "../../src/serve/access/rates.ts";
import { Sites } from "../../src/serve/access/sites.ts";
import { createApp } from "../../src/serve/app.ts";
import type { Unavailable } from "../../src/serve/ports.ts";
import { startServer } from "../../src/serve/server.ts";
import { StreamHub } from "../../src/serve/stream/hub.ts";
import { FakeMarket } from "./fake_market.ts";

const START_SEC = 1_732_180_000;
const running: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close();
});

interface Scene {
  readonly public_read?: boolean;
  readonly origins?: readonly string[];
  readonly per_s?: number;
  readonly prepare?: (market: FakeMarket) => void;
  /** That are among the answers; default those of a service that answers. */
  readonly statuses?: string[];
}

/** Tells who asks, and for what. */
class TellingMarket extends FakeMarket {
  constructor() {
    super({ symbols: ["BTCUSDT", "ETHUSDT"] });
  }

  override latest(symbol?: string, choice?: SeriesChoice, client?: string): JoinedPrediction | Unavailable {
    if (client !== undefined) return { reason: `the share of ${client} has none` };
    if (symbol !== this.symbols[0]) return { reason: `${symbol} has none` };
    return super.latest(symbol, choice);
  }
}

/** The server as it runs, and one of the same market whose every request goes through the router. */
async function bothOf({ public_read = true, origins, per_s, prepare = ticked }: Scene) {
  const clock = new ManualClock((START_SEC + 1) * 1e6);
  // Of one seed, so that they are the same market.
  const [market, other] = [0, 1].map(() => new TellingMarket());
  for (const one of [market!, other!]) prepare(one);
  const credential = {
    ...{ fits: (text: string) => text.startsWith("ft_"), any: async () => true },
    identify: async (text: string) =>
      text === "ft_good" ? { actor: "desk", role: "viewer" as const, id: "desk" } : "it is not known here",
  };
  // Each with buckets of its own, so that what one takes is not missing at the other.
  const access = (): Access => {
    const by_address = per_s === undefined ? undefined : new Rates(clock, "address", per_s);
    const rates: AccessOptions["rates"] = { by_address, proxies: new TrustedProxies(["127.0.0.0/8"]) };
    return new Access({ public_read, credentials: [credential], rates });
  };
  const sites = new Sites(origins);
  const options = { clock, log: silentLogger, sites };
  const at = { port: 0, hostname: "127.0.0.1" };
  const quick = await startServer({ ...options, ...at, ports: market!, access: access() });
  const hub = new StreamHub(other!, clock);
  const { fetch } = createApp({ ...options, ports: other!, hub, access: access() });
  const routed = Bun.serve({ ...at, development: false, fetch });
  running.push(quick, { close: () => routed.stop(true) }, hub);
  const ask = (request: string) =>
    Promise.all([answerOf(quick.port, request), answerOf(routed.port!, request)]);
  return { ask };
}

const ticked = (market: FakeMarket): void => void market.tick(START_SEC);

/** A request down to its bytes. */
const asked = (line: string, headers: readonly string[] = []): string =>
  `${[line, "Host: x", "Connection: close", "X-Request-Id: mine", ...headers].join("\r\n")}\r\n\r\n`;
const get = (path: string, ...headers: string[]): string => asked(`GET ${path} HTTP/1.1`, headers);

/** The answer's lines, its fields in one order; without the time, and with an id that is made up in its place. */
async function answerOf(port: number, request: string): Promise<readonly string[]> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
  });
  socket.on("error", () => {});
  socket.write(request);
  await once(socket, "close");
  const end = text.indexOf("\r\n\r\n");
  const [status = "", ...fields] = text.slice(0, end).split("\r\n");
  const kept = fields.filter((field) => !/^date:/i.test(field));
  const id = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;
  return [status, ...kept.sort(), text.slice(end + 4)].map((line) => line.replaceAll(id, "<id>"));
}

const TABLE: readonly string[] = [
  get("/latest"),
  get("/latest?symbol=BTCUSDT"),
  get("/latest?symbol=ETHUSDT"),
  get("/latest?symbol=NOSUCH"),
  get("/latest?symbol=btcusdt"),
  get("/latest?symbol="),
  get("/latest?symbol=BTCUSDT&symbol=BTCUSDT"),
  get("/latest?symbol=BTCUSDT&symbol=ETHUSDT"),
  get("/latest?symbol=BTC%55SDT"),
  get("/latest?sym%62ol=BTCUSDT"),
  get("/latest?symbol=BTCUSDT&"),
  get("/latest?"),
  get("/latest?nosuch=1"),
  get("/latest?role=champion"),
  get("/latest?role=served"),
  get("/latest?role=shadow"),
  get("/latest?horizon_s=60"),
  get("/latest?model_version=ridge-v1/2026-11-21t10-00-00z"),
  get("/latest?client=desk"),
  get("/latest?client="),
  get("/latest?wait=0"),
  get("/latest/"),
  get("//latest"),
  get("/LATEST"),
  get("/l%61test"),
  get("/latest%3Fsymbol=BTCUSDT"),
  get("/x/../latest"),
  get("/latest#end"),
  get("/latest;v=1"),
  get("/latest2"),
  get("http://x/latest"),
  get("http://y/latest?symbol=BTCUSDT"),
  get("/foo?u=http://x/latest"),
  asked("HEAD /latest HTTP/1.1"),
  asked("HEAD /latest?nosuch=1 HTTP/1.1"),
  asked("POST /latest HTTP/1.1", ["Content-Length: 0"]),
  asked("PUT /latest HTTP/1.1", ["Content-Length: 0"]),
  asked("DELETE /latest HTTP/1.1"),
  asked("OPTIONS /latest HTTP/1.1"),
  asked("OPTIONS /latest HTTP/1.1", [
    "Origin: https://app.example.com",
    "Access-Control-Request-Method: GET",
  ]),
  asked("GET /latest HTTP/1.0"),
  get("/latest", "If-None-Match: TAG"),
  get("/latest", "If-None-Match: W/TAG"),
  get("/latest", 'If-None-Match: "a", "b"'),
  get("/latest", 'If-None-Match: "a", TAG'),
  get("/latest", 'If-None-Match: "a",W/TAG'),
  get("/latest", 'If-None-Match: "a"', "If-None-Match: TAG"),
  get("/latest", "If-None-Match: *"),
  get("/latest", "If-None-Match:"),
  get("/latest", "If-None-Match: TAG", "If-Modified-Since: yesterday"),
  get("/latest", `If-Modified-Since: ${new Date(START_SEC * 1_000).toUTCString()}`),
  get("/latest", `If-Modified-Since: ${new Date((START_SEC - 1) * 1_000).toUTCString()}`),
  get("/latest", "If-Modified-Since: yesterday"),
  get("/latest", "Range: bytes=0-10"),
  get("/latest", "Accept-Encoding: gzip, br"),
  get("/latest", "Accept: text/html"),
  get("/latest", "Origin: https://app.example.com"),
  get("/latest", "Origin: https://evil.example.com"),
  get("/latest", "Origin: null"),
  get("/latest", "Authorization: Bearer ft_good"),
  get("/latest", "Authorization: Bearer ft_bad"),
  get("/latest", "Authorization: Basic dTpw"),
  get("/latest", "Authorization:"),
  get("/latest", "X-API-Key: ft_good"),
  get("/latest", "X-API-Key: nonsense"),
  get("/latest", "X-Client-Id: desk"),
  get("/latest", "X-Client-Id:"),
  get("/latest", "Sec-WebSocket-Protocol: foretick, bearer.ft_good"),
  get("/latest", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
  get("/latest", "X-Request-Id: second"),
  get("/latest", "Idempotency-Key: k"),
  ...Array<string>(3).fill(get("/latest", "X-Forwarded-For: 203.0.113.7")),
  get("/latest", "X-Forwarded-For: 198.51.100.1, 203.0.113.8"),
  get("/latest", "X-Forwarded-For: nonsense"),
  get("/latest", "X-Forwarded-For:"),
  get("/latest", "Content-Length: 2"),
  get("/health"),
  get("/nowhere"),
  "GET /latest HTTP/1.1\r\nConnection: close\r\n\r\n",
  "GET /latest HTTP/1.1\r\nHost: x/latest?a=\r\nConnection: close\r\n\r\n",
  "GET /foo HTTP/1.1\r\nHost: x/latest?symbol=BTCUSDT#\r\nConnection: close\r\n\r\n",
  "GET /latest HTTP/1.1\r\nHost: x://y\r\nConnection: close\r\n\r\n",
  "GET /latest HTTP/1.1\r\nHost: x\r\nX-Request-Id: not fit for a log line\r\nConnection: close\r\n\r\n",
];

const WAITS = get("/latest?wait=1", 'If-None-Match: "other"');

const SCENES: Readonly<Record<string, Scene>> = {
  "as it is by default": {},
  "with a rate for each address": { per_s: 1_000 },
  "where callers ask too often": { per_s: 1, statuses: ["200", "429"] },
  "where readers are not anonymous": { public_read: false, statuses: ["200", "401"] },
  "where sites are named": { origins: ["https://app.example.com"] },
  "where no site may read": { origins: ["none"] },
  "before there is a forecast": { prepare: () => {}, statuses: ["400", "401", "503"] },
  "once the forecast is no longer current": {
    statuses: ["400", "401", "503"],
    prepare: (market) => {
      market.tick(START_SEC);
      market.unavailable = { reason: "the last prediction is 60 s old", retry_after_s: 2.5 };
    },
  },
  "at a slower pace": {
    prepare: (market) => {
      market.interval_ms = 5_000;
      market.tick(START_SEC);
    },
  },
};

for (const [name, scene] of Object.entries(SCENES)) {
  it(`answers byte for byte as the router does, ${name}`, async () => {
    const { ask } = await bothOf(scene);
    const tagged = (await ask(get("/latest"))).map((lines) => /^etag: (\S+)$/im.exec(lines.join("\n"))?.[1]);
    const etag = tagged[0] ?? '"none"';
    const statuses = new Set<string>();
    // Who waits before there is a forecast waits for the clock.
    for (const request of scene.prepare ? TABLE : [...TABLE, WAITS]) {
      const [quick, routed] = await ask(request.replaceAll("TAG", etag));
      expect([request, quick]).toEqual([request, routed]);
      statuses.add(quick[0]!.split(" ")[1]!);
    }
    expect([...statuses]).toEqual(expect.arrayContaining(scene.statuses ?? ["200", "304", "400", "401"]));
  });
}
