/** The thread that notices a hang: where the same input is tried for too long, it names it and ends the process. */

import { writeSync } from "node:fs";

declare const self: Worker;

interface Watched {
  /** How many inputs were begun, and the run of the last one. */
  readonly beats: Float64Array;
  readonly name: string;
  readonly seed: number;
  readonly ms: number;
}

let watched: Watched | undefined;
let seen = -1;
let since_ms = 0;

self.onmessage = (event: MessageEvent<Watched>) => {
  watched = event.data;
};

setInterval(() => {
  if (!watched) return;
  const { beats, name, seed, ms } = watched;
  const now_ms = performance.now();
  if (beats[0] !== seen) {
    seen = beats[0]!;
    since_ms = now_ms;
  } else if (now_ms - since_ms > ms) {
    const again = `bun run fuzz --target ${name} --seed ${seed} --from ${beats[1]} --runs 1`;
    writeSync(2, `${name}: an input took more than ${ms} ms: a hang\n  again: ${again}\n`);
    process.kill(process.pid, "SIGKILL");
  }
}, 500);
