import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { silentLogger as log } from "../../../src/base/log.ts";
import { micros } from "../../../src/base/units.ts";
import { ChampionWatch } from "../../../src/record/registry/champion_watch.ts";
import { connectTo } from "../../../src/record/server/client.ts";
import { met } from "../../met.ts";

const POLL_S = 30;

describe("the watch of the registry", () => {
  it("looks again within a second where the registry did not answer, and in its turn where it did", async () => {
    const clock = new ManualClock(micros(1_700_000_000_000_000));
    let answers = false;
    let looks = 0;
    const watch = new ChampionWatch({
      ...{ clock, log, poll_s: POLL_S },
      database: { connect: (options) => connectTo("postgres://nobody@127.0.0.1:1/nothing", options) },
      onMaybeMoved: async () => {
        looks++;
        return answers;
      },
    });
    /** The clock goes on in small steps until the next look; returns how long that took (s). */
    const nextLook = async (): Promise<number> => {
      const [before, from_us] = [looks, clock.now()];
      await met("a look", () => {
        if (looks === before) clock.advance(100);
        return looks > before;
      });
      return (clock.now() - from_us) / 1e6;
    };
    watch.start();
    await met("the first look", () => looks === 1);
    expect(await nextLook()).toBeLessThan(POLL_S / 2);
    answers = true;
    expect(await nextLook()).toBeLessThan(POLL_S / 2);
    expect(await nextLook()).toBeGreaterThanOrEqual(POLL_S);
    await watch.close();
  });
});
