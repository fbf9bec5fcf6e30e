/** Redis as the service uses it: reached, and a batch taken by its guard. Off is well too. */

import { randomUUID } from "node:crypto";
import type { Clock } from "../../src/base/clock.ts";
import type { Config } from "../../src/base/config.ts";
import { LIMITS } from "../../src/base/limits.ts";
import { placeOfRedis, redisOfConfig } from "../../src/record/redis/address.ts";
import { redisError } from "../../src/record/redis/errors.ts";
import { addGuarded } from "../../src/record/redis/guard.ts";
import { RedisLink } from "../../src/record/redis/link.ts";
import { bad, type Check, type Finding, ok } from "./check.ts";

type Of = Pick<Config, "redis_url" | "redis_ca" | "redis_prefix">;

export const redisCheck = (config: Of, clock: Clock): Check => ({
  name: "Redis",
  settings: ["REDIS_URL", "REDIS_CA", "REDIS_PREFIX"],
  remedy: "start Redis, or check REDIS_URL",
  run: () => redisOf(config, clock),
});

async function redisOf(config: Of, clock: Clock): Promise<Finding> {
  const address = redisOfConfig(config);
  if (!address) return ok("off: REDIS_URL is not set");
  const link = new RedisLink({ address, name: "foretick doctor", clock });
  const name = `${config.redis_prefix}doctor:${randomUUID()}`;
  try {
    const began_us = clock.monotonicUs();
    const [error, verdict] = await link.ask(async (client) => {
      const pipeline = client.pipeline();
      const commands = [["SET", name, "1", "PX", String(LIMITS.redis_answer_ms)]] as const;
      addGuarded(pipeline, { guard: `${name}:writer`, writer: name, fence: 1, number: 1, commands });
      pipeline.del(name, `${name}:writer`);
      const answers = (await pipeline.exec()) ?? [];
      return answers[0] ?? [null, undefined];
    });
    if (error) throw redisError(error, address);
    const place = placeOfRedis(address);
    if (verdict !== "taken")
      return bad(`${place} answered a batch with ${String(verdict)}`, "check what else writes there");
    const tls = address.tls ? ", encrypted" : "";
    return ok(`${place} takes batches, in ${Math.round((clock.monotonicUs() - began_us) / 1_000)} ms${tls}`);
  } finally {
    link.close();
  }
}
