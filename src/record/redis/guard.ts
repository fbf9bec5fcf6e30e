/**
 * One writer per symbol, and each batch once. A batch is a script, so that Redis takes all of it or nothing: it compares
 * the fence of the sender's lease with the highest it has seen, and the batch's number with the last it took from this
 * sender, and only then does what the batch says. A leader that was stopped and wakes after another has taken over is
 * refused; a batch whose answer was lost is sent again and not done again.
 *
 * A service that leads without a lease, since the database is away, has fence 0: it may write where nobody else
 * has written for as long as a lease lasts.
 */

import type { ChainableCommander } from "ioredis";
import { LIMITS } from "../../base/limits.ts";

const SCRIPT = `
local held = redis.call('HMGET', KEYS[1], 'fence', 'writer', 'number', 'at')
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local fence, highest = tonumber(ARGV[2]), tonumber(held[1] or '0')
local mine = held[2] == ARGV[1]
if fence > 0 and highest > fence then return 'fenced' end
if fence == 0 and held[2] and not mine and now - tonumber(held[4]) < tonumber(ARGV[4]) then return 'fenced' end
if mine and tonumber(held[3]) >= tonumber(ARGV[3]) then return 'seen' end
redis.call('HSET', KEYS[1], 'fence', math.max(fence, highest), 'writer', ARGV[1], 'number', ARGV[3], 'at', now)
redis.call('EXPIRE', KEYS[1], ARGV[5])
local at = 6
while at <= #ARGV do
  local words = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + words))
  at = at + words + 1
end
return 'taken'`;

/** `fenced`: another service writes the symbol. `seen`: it was taken before, and its answer was lost. */
export type Verdict = "taken" | "seen" | "fenced";

/** A command and its words, e.g. ["SET", "key", "value"]; the second is the key. */
export type Command = readonly string[];

export interface GuardedBatch {
  readonly guard: string;
  /** Of this process. */
  readonly writer: string;
  readonly fence: number;
  /** Grows from batch to batch of the symbol. */
  readonly number: number;
  readonly commands: readonly Command[];
}

export function addGuarded(
  pipeline: ChainableCommander,
  { guard, writer, fence, number, commands }: GuardedBatch,
): void {
  const keys = [...new Set([guard, ...commands.map(([, key]) => key!)])];
  const words = commands.flatMap((command) => [String(command.length), ...command]);
  const head = [writer, String(fence), String(number), String(LIMITS.lease_ms), String(LIMITS.redis_guard_s)];
  pipeline.eval(SCRIPT, keys.length, ...keys, ...head, ...words);
}
