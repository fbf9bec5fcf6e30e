/**
 * Reads what was given on to Redis: first what the streams hold, then each new entry as it comes, once. It goes on
 * from the last entry it has read, through cuts and restarts of Redis; where a stream has begun anew it is
 * read from its start, and what was shown before is not shown again.
 */

import type { Redis } from "ioredis";
import type { Clock } from "../../base/clock.ts";
import { pause } from "../../base/deadline.ts";
import { describeError, type ForetickError } from "../../base/errors.ts";
import { LIMITS } from "../../base/limits.ts";
import type { Logger } from "../../base/log.ts";
import type { Outcome, Prediction } from "../../predict/prediction.ts";
import type { RedisAddress } from "./address.ts";
import type { Entry } from "./codec/fields.ts";
import { outcomeOfEntry, predictionOfEntry } from "./codec/forecast.ts";
import { type AgedVector, vectorOfEntry } from "./codec/vector.ts";
import { RedisKeys } from "./keys.ts";
import { RedisLink, type RedisStatus } from "./link.ts";
import { Seen } from "./seen.ts";

export interface ReaderOptions {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly symbols: readonly string[];
  /** `live`: it has just come; false for what the stream held at the start. */
  readonly onPrediction: (prediction: Prediction, live: boolean) => void;
  readonly onOutcome: (outcome: Outcome, live: boolean) => void;
  readonly onVector: (vector: AgedVector) => void;
  /** What the leader of the symbol says of it, JSON; undefined while there is nothing. */
  readonly onState: (symbol: string, text: string | undefined) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ReaderStats {
  readonly status: RedisStatus;
  /** Entries read. */
  readonly entries: number;
  /** Of these, the ones that were not understood. */
  readonly malformed: number;
  /** Of these, the ones that had been shown before. */
  readonly repeated: number;
  /** Times entries had left a stream before they were read. */
  readonly overrun: number;
}

const STREAMS = ["vector", "prediction", "outcome"] as const;
type Read = (typeof STREAMS)[number];
type Row = [id: string, entry: string[]];

const START = "0-0";
/** Of vectors only the newest is shown (entries). */
const VECTORS_AT_START = 50;

export class RedisReader {
  readonly #options: ReaderOptions;
  readonly #keys: RedisKeys;
  readonly #link: RedisLink;
  readonly #closing = new AbortController();
  readonly #ids = new Map<Read, string>();
  readonly #seen = new Seen(LIMITS.redis_seen_max);
  readonly #count = { entries: 0, malformed: 0, repeated: 0, overrun: 0 };
  /** The connection, by its number, on which the ids are known to be good. */
  #positioned: number | undefined;
  #said = "";
  #running: Promise<void> | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#keys = new RedisKeys(options.prefix);
    this.#link = new RedisLink({ ...options, name: "foretick-reader" });
  }

  get stats(): ReaderStats {
    return { status: this.#link.status, ...this.#count };
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#link.close();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.#round();
        failures = 0;
        this.#say("");
      } catch (error) {
        if (signal.aborted) return;
        this.#say((error as ForetickError).message);
        await pause(clock, Math.min(LIMITS.redis_retry_ms_max, 100 * 2 ** Math.min(failures++, 10)), signal);
      }
    }
  }

  async #round(): Promise<void> {
    const { symbols } = this.#options;
    const states = await this.#link.ask((client) =>
      client.mget(symbols.map((name) => this.#keys.state(name))),
    );
    for (const [at, symbol] of symbols.entries()) this.#options.onState(symbol, states[at] ?? undefined);
    const { connects } = this.#link;
    if (this.#positioned !== connects) await this.#position();
    this.#positioned = connects;
    const rows = await this.#link.ask(
      (client) => this.#next(client),
      LIMITS.redis_block_ms + LIMITS.redis_answer_ms,
    );
    for (const stream of STREAMS) this.#take(stream, rows.get(stream) ?? [], true);
  }

  /** What is new, waited for a moment. */
  async #next(client: Redis): Promise<Map<Read, Row[]>> {
    const keys = STREAMS.map((stream) => this.#keys.stream(stream));
    const ids = STREAMS.map((stream) => this.#ids.get(stream)!);
    const [count, block] = [LIMITS.redis_read_entries_max, LIMITS.redis_block_ms];
    const answer = await client.xread("COUNT", count, "BLOCK", block, "STREAMS", ...keys, ...ids);
    const found = new Map(answer as [string, Row[]][] | null);
    return new Map(STREAMS.map((stream, at) => [stream, found.get(keys[at]!) ?? []]));
  }

  /** On a new connection: what the streams hold, or where they go on. */
  async #position(): Promise<void> {
    for (const stream of STREAMS) {
      const key = this.#keys.stream(stream);
      const id = this.#ids.get(stream);
      if (id === undefined) {
        const most = stream === "vector" ? VECTORS_AT_START : LIMITS.redis_catch_up_entries;
        const rows = await newest(this.#link, key, most);
        this.#ids.set(stream, START);
        this.#take(stream, rows, false);
        continue;
      }
      const held = await this.#link.ask((client) => extent(client, key));
      if (!held || isBefore(held.last, id)) this.#ids.set(stream, START);
      else if (held.first !== undefined && id !== START && isBefore(id, held.first)) this.#count.overrun++;
    }
  }

  #take(stream: Read, rows: readonly Row[], live: boolean): void {
    for (const [id, entry] of rows) {
      this.#ids.set(stream, id);
      this.#count.entries++;
      try {
        this.#show(stream, entry, live);
      } catch (error) {
        if (this.#count.malformed++ === 0) {
          this.#options.log.warn({ stream, id, error: describeError(error) }, "an entry is not understood");
        }
      }
    }
  }

  #show(stream: Read, entry: Entry, live: boolean): void {
    const { symbols, onPrediction, onOutcome, onVector } = this.#options;
    if (stream === "vector") {
      const aged = vectorOfEntry(entry);
      if (symbols.includes(aged.vector.symbol)) onVector(aged);
      return;
    }
    const record = stream === "prediction" ? predictionOfEntry(entry) : outcomeOfEntry(entry);
    if (!symbols.includes(record.symbol)) return;
    const { symbol, ts_sec, role, model_version, horizon_s } = record;
    if (!this.#seen.isNew(`${stream} ${symbol} ${ts_sec} ${role} ${model_version} ${horizon_s}`)) {
      this.#count.repeated++;
    } else if (stream === "prediction") onPrediction(record as Prediction, live);
    else onOutcome(record as Outcome, live);
  }

  #say(what: string): void {
    const { log } = this.#options;
    if (what === this.#said) return;
    this.#said = what;
    if (what === "") log.info("Redis answers again");
    else log.warn({ reason: what }, "Redis does not answer: what was read last is shown until it is too old");
  }
}

/** The newest entries of a stream, oldest first, page by page. */
async function newest(link: RedisLink, key: string, most: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (let end = "+"; rows.length < most; ) {
    const wanted = Math.min(LIMITS.redis_read_entries_max, most - rows.length);
    const newest_id = end;
    const page = await link.ask((client) => client.xrevrange(key, newest_id, "-", "COUNT", wanted));
    rows.push(...page);
    if (page.length < wanted) break;
    end = `(${page.at(-1)![0]}`;
  }
  return rows.reverse();
}

/** The first and the last id of a stream; undefined where there is none. */
async function extent(
  client: Redis,
  key: string,
): Promise<{ first: string | undefined; last: string } | undefined> {
  if ((await client.exists(key)) === 0) return undefined;
  const info = (await client.xinfo("STREAM", key)) as unknown[];
  const value = (name: string): unknown => info[info.indexOf(name) + 1];
  const first = (value("first-entry") as Row | null)?.[0];
  return { first, last: String(value("last-generated-id")) };
}

function isBefore(one: string, other: string): boolean {
  const [a, b] = [one, other].map((id) => id.split("-").map(Number));
  return a![0]! - b![0]! < 0 || (a![0] === b![0] && a![1]! < b![1]!);
}
