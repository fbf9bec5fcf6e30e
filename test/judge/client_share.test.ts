import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { clientShare } from "../../src/judge/client_share.ts";

const clients = Array.from({ length: 4_000 }, (_, number) => `client-${number}`);

describe("the share of a client", () => {
  it("is a function of the key and the salt that anybody can compute", () => {
    const hex = createHash("sha256").update('["canary/7","anna"]').digest("hex");
    expect(clientShare("anna", "canary/7")).toBe(Number.parseInt(hex.slice(0, 12), 16) / 2 ** 48);
  });

  it("is even over clients, and deals them anew for another salt", () => {
    for (const share of [0.1, 0.25, 0.5]) {
      const inside = clients.filter((key) => clientShare(key, "a") < share);
      // Five standard deviations.
      const off = 5 * Math.sqrt(clients.length * share * (1 - share));
      expect(Math.abs(inside.length - share * clients.length)).toBeLessThan(off);
      const again = inside.filter((key) => clientShare(key, "b") < share).length;
      expect(Math.abs(again / inside.length - share)).toBeLessThan(
        5 * Math.sqrt((share * (1 - share)) / inside.length),
      );
    }
  });

  it("keeps a client on the tried side while the share grows", () => {
    const shares = clients.map((key) => clientShare(key, "a"));
    expect(shares.every((share) => share >= 0 && share < 1)).toBe(true);
    const tried = new Set(clients.filter((_, at) => shares[at]! < 0.1));
    const later = new Set(clients.filter((_, at) => shares[at]! < 0.25));
    expect([...tried].every((key) => later.has(key))).toBe(true);
  });

  it("tells apart what a join of salt and key would not", () => {
    expect(clientShare("bc", "a")).not.toBe(clientShare("c", "ab"));
    expect(clientShare("", "a")).not.toBe(clientShare("a", ""));
  });
});
