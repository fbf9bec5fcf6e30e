/**
 * How often can /latest be asked, and how soon have all stream clients a forecast, with everything on?
 *
 * The service runs as it does live: a paper exchange in another process at speed 1, embedded database, ONNX model. Its peer
 * is a bare `Bun.serve` in a process of its own that answers the same body with nothing but its type; beside it another whose
 * answers have the whole head, so that what the head costs can be told from what the service does. All are asked by turns over the
 * same number of kept connections. Then /latest at a fixed rate, each answer counted from when it should have been asked for; then clients
 * of /stream, from the forecast being readable, by the service's clock, to its arrival at each. While all of that goes on, a
 * watch takes the service's own latencies and the seconds that had no forecast. `latency.ts` has second over → read.
 *
 *   bun bench/service/serve.ts [--seconds 10] [--clients 100,1000,5000]
 */

import { parseArgs } from "node:util";
import { systemClock } from "../../src/base/clock.ts";
import { fail } from "../../src/base/errors.ts";
import { US_PER_MS } from "../../src/base/units.ts";
import { ForecastWatch, LATENCY_HEAD, latencyCells } from "../peers/forecasts.ts";
import { byTurnsAsync, grouped, machine, median, printAim, printTable, quantile } from "../peers/measure.ts";
import { firstForecast, startExchange, startPart, startService } from "../peers/processes.ts";

const ROUNDS = 3;
const CONNECTIONS = 32;
const RATE_PER_S = 2_000;
const PATH = "/latest";
const BARE = "Bun.serve";
const SAME_HEAD = "Bun.serve, same head";
const AIM_RATIO = 0.7;
const AIM_RATE_P99_MS = 2;
const AIM_CLIENTS_P99_MS: Readonly<Record<number, number>> = { 100: 5, 1000: 20, 5000: 100 };
const HEAD_END = "\r\n\r\n";

/** One kept connection, one request under way at a time. */
class Asker {
  readonly #request: string;
  readonly #socket: Awaited<ReturnType<typeof Bun.connect>>;
  #text = "";
  /** Of the last answer, head and body. */
  #bytes = 0;
  #answered: (() => void) | undefined;

  static async at(url: string): Promise<Asker> {
    const { hostname, port } = new URL(url);
    let asker: Asker | undefined;
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: { data: (_, bytes) => asker?.onData(bytes) },
    });
    asker = new Asker(socket, `GET ${PATH} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    return asker;
  }

  private constructor(socket: Awaited<ReturnType<typeof Bun.connect>>, request: string) {
    this.#socket = socket;
    this.#request = request;
  }

  ask(): Promise<void> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(this.#request);
    });
  }

  onData(bytes: Buffer): void {
    // Read as little as can be, so that the server is what is measured: another answer of this length and status is another like the last.
    const is_like_last = this.#text === "" && bytes.length === this.#bytes && bytes[9] === 0x32;
    if (!is_like_last && !this.#isWhole(bytes)) return;
    this.#answered?.();
  }

  #isWhole(bytes: Buffer): boolean {
    this.#text += bytes.toString("latin1");
    const head = this.#text.indexOf(HEAD_END);
    if (head < 0) return false;
    const body = Number(/content-length: (\d+)/i.exec(this.#text.slice(0, head))?.[1] ?? Number.NaN);
    if (this.#text.length < head + HEAD_END.length + body) return false;
    if (!this.#text.startsWith("HTTP/1.1 200"))
      fail("INVARIANT", `expected 200, was ${this.#text.slice(0, 40)}`);
    this.#bytes = this.#text.length;
    this.#text = "";
    return true;
  }

  close(): void {
    this.#socket.end();
  }
}

async function withAskers<T>(url: string, use: (askers: readonly Asker[]) => Promise<T>): Promise<T> {
  const askers = await Promise.all(Array.from({ length: CONNECTIONS }, () => Asker.at(url)));
  try {
    return await use(askers);
  } finally {
    for (const asker of askers) asker.close();
  }
}

/** Requests a second, as fast as they are answered. */
const perSecond = (url: string, seconds: number): Promise<number> =>
  withAskers(url, async (askers) => {
    const begun_ms = performance.now();
    const until_ms = begun_ms + seconds * 1_000;
    let answered = 0;
    await Promise.all(
      askers.map(async (asker) => {
        for (; performance.now() < until_ms; answered++) await asker.ask();
      }),
    );
    return (answered * 1_000) / (performance.now() - begun_ms);
  });

/** Times of answers at a fixed rate (ms), each from when it was due: one that waits for a connection counts its wait. */
const atRate = (url: string, seconds: number): Promise<number[]> =>
  withAskers(url, async (askers) => {
    const free = [...askers];
    const taken_ms: number[] = [];
    const due_ms: number[] = [];
    const begun_ms = performance.now();
    const count = seconds * RATE_PER_S;
    let asked = 0;
    const askDue = (): void => {
      for (let asker = free.pop(); asker; asker = free.pop()) {
        const due = due_ms.shift();
        if (due === undefined) return void free.push(asker);
        const one = asker;
        void one.ask().then(() => {
          taken_ms.push(performance.now() - due);
          free.push(one);
          askDue();
        });
      }
    };
    while (taken_ms.length < count) {
      const now_ms = performance.now();
      for (; asked < count && begun_ms + (asked * 1_000) / RATE_PER_S <= now_ms; asked++) {
        due_ms.push(begun_ms + (asked * 1_000) / RATE_PER_S);
      }
      askDue();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return taken_ms;
  });

/** From each forecast being readable to its arrival at each of so many clients (ms). */
async function clientsOf(url: string, count: number, seconds: number): Promise<number[]> {
  const taken_ms: number[] = [];
  let counting = false;
  const sockets: WebSocket[] = [];
  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/stream`);
      sockets.push(socket);
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error("a stream client was refused"));
      socket.onmessage = ({ data }) => {
        if (!counting) return;
        const now_us = systemClock.now();
        const emitted_us = Number(/"emitted_at_us":(\d+)/.exec(String(data))?.[1] ?? Number.NaN);
        taken_ms.push((now_us - emitted_us) / US_PER_MS);
      };
    });
  for (let opened = 0; opened < count; opened += 50) {
    await Promise.all(Array.from({ length: Math.min(50, count - opened) }, open));
  }
  counting = true;
  await Bun.sleep(seconds * 1_000);
  for (const socket of sockets) socket.close();
  return taken_ms;
}

/** Answers the bytes it is given, with the head it is given, and nothing else. */
function serveBare(body: string, head: Readonly<Record<string, string>>): void {
  const headers = new Headers(head);
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(body, { headers }) });
  console.log(`http://127.0.0.1:${server.port}`);
}

/** A bare server in a process of its own, and where it is. */
async function startBare(body: string, head: Readonly<Record<string, string>>) {
  const { close, hears } = startPart(import.meta.path, ["--bare", body, "--head", JSON.stringify(head)]);
  return { close, url: (await hears(/http:\S+/))[0] };
}

async function run(seconds: number, counts: readonly number[]): Promise<void> {
  console.log(`asking ${PATH}, and clients of /stream, everything on\n${machine()}\n`);
  const closers: (() => unknown)[] = [];
  try {
    const exchange = await startExchange(["--simulate"]);
    closers.push(exchange.close);
    const service = await startService(exchange, { STREAM_CLIENTS_MAX: String(Math.max(...counts) + 10) });
    closers.push(service.close);
    await firstForecast(service);
    const answer = await fetch(service.url + PATH);
    const body = await answer.text();
    const bare = await startBare(body, { "content-type": "application/json" });
    closers.push(bare.close);
    const { date: _, "content-length": __, ...head } = Object.fromEntries(answer.headers);
    const same_head = await startBare(body, head);
    closers.push(same_head.close);
    const watch = new ForecastWatch(service, "champion");
    closers.push(() => watch.close());

    const urls = { foretick: service.url, [BARE]: bare.url, [SAME_HEAD]: same_head.url } as const;
    const names = ["foretick", BARE, SAME_HEAD] as const;
    const rates = await byTurnsAsync(names, ROUNDS, (name) => perSecond(urls[name], seconds));
    const [own = 0, peer = 1, of_head = 1] = names.map((name) => median(rates.get(name)!));
    printTable(
      [`${CONNECTIONS} connections`, "requests/s"],
      names.map((name) => [name, grouped(median(rates.get(name)!))]),
    );
    const paced = new Map<string, readonly number[]>();
    for (const name of names) paced.set(name, await atRate(urls[name], seconds));
    const ms = (values: readonly number[]): string[] =>
      [0.5, 0.99, 1].map((q) => quantile(values, q).toFixed(2));
    console.log("");
    printTable(
      [`${grouped(RATE_PER_S)}/s, ms`, "p50", "p99", "worst"],
      names.map((name) => [name, ...ms(paced.get(name)!)]),
    );
    const streamed: [number, number[]][] = [];
    for (const count of counts) streamed.push([count, await clientsOf(service.url, count, seconds)]);
    console.log("");
    printTable(
      ["clients of /stream, ms", "p50", "p99", "worst"],
      streamed.map(([count, all]) => [grouped(count), ...ms(all)]),
    );
    console.log("");
    printTable(LATENCY_HEAD, [latencyCells("while all of that went on", watch.taken_ms)]);
    for (const [name, rate] of [
      [BARE, peer],
      [SAME_HEAD, of_head],
    ] as const) {
      printAim(`≥ ${AIM_RATIO} of a bare ${name} (${(own / rate).toFixed(2)})`, own / rate >= AIM_RATIO);
    }
    const p99_ms = quantile(paced.get("foretick")!, 0.99);
    printAim(`p99 < ${AIM_RATE_P99_MS} ms at ${grouped(RATE_PER_S)}/s`, p99_ms < AIM_RATE_P99_MS);
    for (const [count, all] of streamed) {
      const aim_ms = AIM_CLIENTS_P99_MS[count];
      if (aim_ms) printAim(`p99 < ${aim_ms} ms to ${grouped(count)} clients`, quantile(all, 0.99) < aim_ms);
    }
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

const { values } = parseArgs({
  options: {
    ...{ seconds: { type: "string" }, clients: { type: "string" } },
    ...{ bare: { type: "string" }, head: { type: "string", default: "{}" } },
  },
});
if (values.bare !== undefined) serveBare(values.bare, JSON.parse(values.head));
else {
  await run(Number(values.seconds ?? 10), (values.clients ?? "100,1000,5000").split(",").map(Number));
  process.exit(0);
}
