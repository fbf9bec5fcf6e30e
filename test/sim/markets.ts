/** Markets for the tests of the paper exchange: the shared recording where it is, the simulator otherwise. */

import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { MarketSource, SourceMessage } from "../../src/binance/capture/market_source.ts";
import { simulatedSource } from "../../src/sim/market/simulator.ts";

const SHARED = resolve(import.meta.dirname, "../../../shared/data");

/** The recording's two files, in order. */
export const RECORDING = [
  join(SHARED, "spot_btcusdt_20240808.gz"),
  join(SHARED, "spot_btcusdt_20240809.gz"),
] as const;

export const recording_is_here = RECORDING.every((path) => existsSync(path));

if (!recording_is_here) console.warn(`SKIPPED: no recording under ${SHARED}; tests on real data do not run`);

/** 2026-01-01T00:00:00Z. */
export const START_US = 1_767_225_600_000_000;

/** Few messages a second: for services and trainings of which nothing is asked that depends on how many there are. */
export const QUIET = { trades_per_s: 8, quotes_per_s: 14, levels: 50 } as const;

/** The first `seconds` of the simulator's market, as a source that ends. */
export function simulatedSeconds(seconds: number, seed = 7): MarketSource {
  return firstSeconds(simulatedSource({ seed, start_us: START_US, levels: 50 }), seconds);
}

export function firstSeconds(source: MarketSource, seconds: number): MarketSource {
  const end_us = source.start_us + seconds * 1e6;
  const messages = (): Iterator<SourceMessage> => {
    const all = source.messages();
    return {
      next: () => {
        const step = all.next();
        return !step.done && step.value.at_us < end_us ? step : { done: true, value: undefined };
      },
    };
  };
  return { ...source, messages };
}

export function allOf(source: MarketSource): SourceMessage[] {
  const all: SourceMessage[] = [];
  const messages = source.messages();
  for (let step = messages.next(); !step.done; step = messages.next()) all.push(step.value);
  return all;
}

/** A file name in a folder of its own, which the system clears. */
export function temporaryFile(name: string): string {
  return join(mkdtempSync(join(tmpdir(), "foretick-test-")), name);
}
