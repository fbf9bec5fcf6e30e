/**
 * Requests with an Idempotency-Key, on connections of their own: each holds a transaction as long as it takes, and neither
 * ticks nor readers wait for one.
 */

import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { LIMITS } from "../../base/limits.ts";
import { isFull } from "../../base/reached.ts";
import { type Doing, doneOnce, type KeyedRequest } from "../../record/access/idempotency.ts";
import type { Database } from "../../record/database.ts";
import type { KeptAnswers } from "../../serve/access/idempotency.ts";
import { OwnClient } from "./own_client.ts";

export class KeyedRequests implements KeptAnswers {
  readonly #client: OwnClient;
  readonly #clock: Clock;
  readonly #under_way = new Set<string>();

  /** @param database throws while the database is not open. */
  constructor(database: () => Database, clock: Clock) {
    const { keyed_connections: connections, asked_idle_s: idle_s } = LIMITS;
    this.#client = new OwnClient(database, { connections, idle_s, application_name: "foretick keyed" });
    this.#clock = clock;
  }

  async once(request: KeyedRequest, doing: Doing): ReturnType<KeptAnswers["once"]> {
    const id = JSON.stringify([request.actor, request.key]);
    // Known here already: no connection is needed to say so.
    if (this.#under_way.has(id)) return { state: "under way" };
    if (isFull("keyed_requests_max", this.#under_way.size)) return { state: "too many" };
    this.#under_way.add(id);
    try {
      return await this.#once(request, doing);
    } finally {
      this.#under_way.delete(id);
    }
  }

  /** Ends its connections, and with them what is under way. May be called twice. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** Its turn comes in time or not at all. */
  async #once(request: KeyedRequest, doing: Doing): ReturnType<KeptAnswers["once"]> {
    const begun = Promise.withResolvers<void>();
    let is_late = false;
    const once = doneOnce(this.#client.sql, request, async (work) => {
      // Its caller was told that nothing is done.
      if (is_late) return { stays: false };
      begun.resolve();
      return await doing(work);
    });
    once.then(() => begun.resolve(), begun.reject);
    await withDeadline(begun.promise, {
      ...{ clock: this.#clock, limit: "keyed_begin_ms", what: "a turn in the database" },
      code: "STORE_UNREACHABLE",
      onGivenUp: () => {
        is_late = true;
        once.catch(() => undefined);
      },
    });
    return await once;
  }
}
