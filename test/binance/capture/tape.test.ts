import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ForetickError } from "../../../src/base/errors.ts";
import { readTape, readTapeHeader, tapeFrames } from "../../../src/binance/capture/tape_read.ts";
import { writeTape } from "../../../src/binance/capture/tape_write.ts";
import { encodeMessage } from "../../../src/binance/sbe/encode.ts";
import { recordingSource } from "../../../src/sim/recording/recording.ts";
import { shiftedTo } from "../../../src/sim/recording/shifted.ts";
import { rejection } from "../../base/rejection.ts";
import {
  allOf,
  RECORDING,
  recording_is_here,
  START_US,
  simulatedSeconds,
  temporaryFile,
} from "../../sim/markets.ts";

/** Reads the whole tape; the error where it is refused. */
async function refusalOf(path: string): Promise<ForetickError | undefined> {
  try {
    allOf(await readTape(path));
    return undefined;
  } catch (error) {
    if (error instanceof ForetickError) return error;
    throw error;
  }
}

describe("a tape", () => {
  it.each(["deflated", "stored"])("gives back the source it was made of, %s", async (how) => {
    const deflate = how === "deflated";
    const source = simulatedSeconds(20);
    const path = temporaryFile("market.tape");
    const header = await writeTape(path, source, { deflate });
    const tape = await readTape(path);
    const expected = allOf(source);
    expect(header.counts.frames).toBe(expected.length);
    expect(tape.symbol).toBe(source.symbol);
    expect(tape.start_us).toBe(expected[0]!.at_us);
    expect(Array.from(tape.snapshot.bids)).toEqual(Array.from(source.snapshot.bids));
    expect(tape.snapshot.last_update_id).toBe(source.snapshot.last_update_id);
    let i = 0;
    for (const { at_us, frame } of tapeFrames(path)) {
      expect(at_us).toBe(expected[i]!.at_us);
      expect(Buffer.compare(frame, encodeMessage(expected[i]!.message))).toBe(0);
      i++;
    }
    expect(i).toBe(expected.length);
    expect(allOf(tape).map((entry) => Buffer.from(encodeMessage(entry.message)))).toEqual(
      expected.map((entry) => Buffer.from(encodeMessage(entry.message))),
    );
    expect(existsSync(`${path}.partial`)).toBe(false);
  });

  it("stops before the asked length of a source without end", async () => {
    const path = temporaryFile("market.tape");
    const header = await writeTape(path, simulatedSeconds(30), { seconds: 5 });
    expect(header.end_us).toBeLessThan(header.start_us + 5_000_000);
    expect(header.end_us).toBeGreaterThan(header.start_us + 4_000_000);
    expect(await readTapeHeader(path)).toEqual(header);
  });

  it("leaves nothing under its name when the source fails on the way", async () => {
    const path = temporaryFile("market.tape");
    const source = simulatedSeconds(5);
    const failing = {
      ...source,
      messages: () => {
        const messages = source.messages();
        let left = 100;
        return {
          next: () => {
            if (left-- === 0) throw new ForetickError("INVARIANT", "the source broke");
            return messages.next();
          },
        };
      },
    };
    expect((await rejection(writeTape(path, failing))).message).toContain("the source broke");
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}.partial`)).toBe(false);
  });

  it("is refused, naming a byte, wherever it is cut", async () => {
    const path = temporaryFile("market.tape");
    await writeTape(path, simulatedSeconds(20));
    const whole = readFileSync(path);
    const cut = temporaryFile("cut.tape");
    const lengths = [0, 7, 19, 20, 500, Math.floor(whole.length / 2), whole.length - 1];
    for (const length of lengths) {
      writeFileSync(cut, whole.subarray(0, length));
      const error = await refusalOf(cut);
      expect(error?.code).toBe("TAPE_INVALID");
      expect(error?.message).toMatch(/at byte \d+/);
    }
  });

  it.each(["deflated", "stored"])("is refused wherever one byte was changed, %s", async (how) => {
    const deflate = how === "deflated";
    const path = temporaryFile("market.tape");
    await writeTape(path, simulatedSeconds(3), { deflate });
    const whole = readFileSync(path);
    const changed = temporaryFile("changed.tape");
    for (let at = 0; at < whole.length; at += at < 40 ? 1 : Math.ceil(whole.length / 400)) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 0x55;
      writeFileSync(changed, bytes);
      const error = await refusalOf(changed);
      expect(error?.code, `byte ${at} of ${whole.length}`).toBe("TAPE_INVALID");
      expect(error?.message).toContain("at byte");
    }
  });

  it.skipIf(!recording_is_here)(
    "of the real market holds every message, smaller than the recording",
    async () => {
      const path = temporaryFile("real.tape");
      const header = await writeTape(path, await recordingSource(RECORDING));
      expect(header.counts).toEqual({
        frames: 99_573,
        trades: 19_904,
        quotes: 73_174,
        depth_diffs: 6_495,
        depth_snapshots: 0,
      });
      let frames = 0;
      for (const _ of tapeFrames(path)) frames++;
      expect(frames).toBe(99_573);
      expect(readFileSync(path).length).toBeLessThan(4_000_000);
    },
  );
});

describe("a shifted source", () => {
  it("moves every time by the same whole seconds and nothing else", () => {
    const source = simulatedSeconds(5);
    const target_us = START_US + 86_400_000_000 + 123_456;
    const moved = shiftedTo(source, target_us);
    const delta_us = moved.start_us - source.start_us;
    expect(delta_us % 1_000_000).toBe(0);
    expect(target_us - moved.start_us).toBeGreaterThanOrEqual(0);
    expect(target_us - moved.start_us).toBeLessThan(1_000_000);
    const after = allOf(moved);
    allOf(source).forEach((before, i) => {
      const { at_us, message } = after[i]!;
      expect(at_us).toBe(before.at_us + delta_us);
      const { event_time_us, ...rest } = message;
      const { event_time_us: was_us, ...others } = before.message;
      expect(Number(event_time_us) - Number(was_us)).toBe(delta_us);
      if (rest.kind === "trades" && others.kind === "trades") {
        const { transact_time_us, ...trade } = rest;
        const { transact_time_us: transacted_us, ...other } = others;
        expect(Number(transact_time_us) - Number(transacted_us)).toBe(delta_us);
        expect(trade).toEqual(other);
      } else {
        expect(rest).toEqual(others);
      }
    });
  });
});
