import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { World } from "./world.ts";

async function played(seed: number): Promise<World> {
  const data_dir = mkdtempSync(join(tmpdir(), "foretick-simulation-"));
  const world = new World(seed, data_dir);
  await world.open();
  await world.runTo(20);
  await world.close();
  rmSync(data_dir, { recursive: true, force: true });
  return world;
}

describe("the simulated service", () => {
  it("forecasts every second from a warm vector, stores what it shows, and says that all is well", async () => {
    const world = await played(7);
    expect(world.problems).toEqual([]);
    expect(world.log_lines).toEqual([]);
    expect(world.shown.length).toBeGreaterThan(17);
    expect(world.shown.every(({ prediction }) => prediction.warm)).toBe(true);
    expect(world.store.tables.rows("predictions").length).toBe(world.shown.length);
    expect(world.outcomes.length).toBeGreaterThan(7);
  });

  it("is the same to the last word from the same seed, and another from another", async () => {
    const [once, again, other] = [await played(8), await played(8), await played(9)];
    expect(again.digest).toBe(once.digest);
    expect(other.digest).not.toBe(once.digest);
  });
});
