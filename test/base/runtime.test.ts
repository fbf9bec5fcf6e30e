import { expect, it } from "vitest";

it("runs on Bun, whichever runner started it", () => {
  expect(process.versions.bun).toBe("1.4.5");
});
