/** Tokens: those of the issuer, for us, now, signed with what it has now; no other. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ManualClock } from "../../../src/base/clock.ts";
import { LIMITS } from "../../../src/base/limits.ts";
import { Tokens } from "../../../src/serve/access/tokens.ts";
import { codeOf } from "../../base/rejection.ts";
import { freshFolder, removeFolders } from "../../model/sample.ts";

const NOW_S = 1_732_180_000;
type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

afterAll(removeFolders);

describe("tokens", () => {
  let ed: Pair;
  let es: Pair;
  let next: Pair;
  beforeAll(async () => {
    ed = await generateKeyPair("EdDSA", { extractable: true });
    es = await generateKeyPair("ES256", { extractable: true });
    next = await generateKeyPair("EdDSA", { extractable: true });
  });

  const jwks = async (keys: Record<string, Pair>): Promise<string> =>
    JSON.stringify({
      keys: await Promise.all(
        Object.entries(keys).map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid })),
      ),
    });

  const token = (pair: Pair, kid: string, alg = "EdDSA", changes: JWTPayload = {}): Promise<string> =>
    new SignJWT({
      iss: "https://id",
      aud: "foretick",
      sub: "anna",
      exp: NOW_S + 300,
      role: "operator",
      ...changes,
    })
      .setProtectedHeader({ alg, kid })
      .sign(pair.privateKey);

  async function known(text: string) {
    const file = join(await freshFolder(), "jwks.json");
    writeFileSync(file, text);
    const clock = new ManualClock(NOW_S * 1e6);
    const tokens = new Tokens({
      ...{ issuer: "https://id", audience: "foretick", jwks: file, role_claim: "role", clock },
    });
    return { tokens, clock, file };
  }

  it("of the issuer are taken, with either algorithm", async () => {
    const { tokens } = await known(await jwks({ a: ed, b: es }));
    const anna = {
      ...{ actor: "anna (token)", role: "operator", id: "token anna" },
      ...{ expires_us: (NOW_S + 300) * 1e6, again_ms: LIMITS.token_again_ms },
    };
    expect(await tokens.identify(await token(ed, "a"))).toEqual(anna as never);
    expect(await tokens.identify(await token(es, "b", "ES256"))).toEqual(anna as never);
  });

  it("of another time, issuer, audience, key or role are refused, and so are unsigned ones", async () => {
    const { tokens } = await known(await jwks({ a: ed }));
    const refused = async (changes: JWTPayload) =>
      String(await tokens.identify(await token(ed, "a", "EdDSA", changes)));
    const late = NOW_S - LIMITS.token_tolerance_s;
    expect(await refused({ exp: late })).toBe("the token has expired");
    expect(await tokens.identify(await token(ed, "a", "EdDSA", { exp: late + 1 }))).toMatchObject({
      role: "operator",
    });
    expect(await refused({ nbf: NOW_S + 31 })).toContain("nbf");
    expect(await refused({ iss: "https://other" })).toContain("iss");
    expect(await refused({ aud: "other" })).toContain("aud");
    expect(await refused({ exp: undefined as never })).toContain("exp");
    expect(await refused({ role: "king" })).toContain("role expected one of viewer");
    expect(await tokens.identify(await token(next, "a"))).toContain("not signed as expected");
    const unsigned = new UnsecuredJWT({ sub: "anna", role: "admin" }).setIssuer("https://id").encode();
    expect(typeof (await tokens.identify(`${unsigned}x`))).toBe("string");
    // The public key as the secret of a symmetric signature.
    const secret = new TextEncoder().encode(await jwks({ a: ed }));
    const mixed = await new SignJWT({
      role: "admin",
      sub: "x",
      iss: "https://id",
      aud: "foretick",
      exp: NOW_S + 9,
    })
      .setProtectedHeader({ alg: "HS256", kid: "a" })
      .sign(secret);
    expect(await tokens.identify(mixed)).toContain("not signed as expected");
  });

  it("of a key that the issuer has had since are taken, and of one that it no longer has are not", async () => {
    const { tokens, clock, file } = await known(await jwks({ a: ed }));
    expect(await tokens.identify(await token(ed, "a"))).toMatchObject({ role: "operator" });
    writeFileSync(file, await jwks({ b: next }));
    expect(await tokens.identify(await token(next, "b"))).toContain("does not have");
    clock.advance(LIMITS.jwks_again_ms + 1);
    expect(await tokens.identify(await token(next, "b"))).toMatchObject({ role: "operator" });
    expect(await tokens.identify(await token(ed, "a"))).toContain("does not have");
  });

  it("are believed for an hour by keys that cannot be read again, and by none where there were none", async () => {
    const { tokens, clock, file } = await known(await jwks({ a: ed }));
    const long = await token(ed, "a", "EdDSA", { exp: NOW_S + 100_000 });
    await tokens.identify(long);
    writeFileSync(file, "no keys");
    clock.advance(LIMITS.jwks_age_ms + 1);
    expect(await tokens.identify(long)).toMatchObject({ role: "operator" });
    clock.advance(LIMITS.jwks_age_ms_max);
    for (let n = 0; n < 3; n++) expect(await codeOf(tokens.identify(long))).toBe("STORE_UNREACHABLE");
    const none = await known("{}");
    expect(await codeOf(none.tokens.identify(long))).toBe("STORE_UNREACHABLE");
  });
});
