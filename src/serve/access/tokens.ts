/**
 * JSON web tokens of an issuer that the configuration names: signature by a key of its JWKS, two algorithms and no other,
 * issuer, audience and times checked. The keys are read anew now and then, and once where a token names one we do
 * not have: issuers rotate them.
 */

import { readFile } from "node:fs/promises";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import type { Clock } from "../../base/clock.ts";
import { withDeadline } from "../../base/deadline.ts";
import { fail } from "../../base/errors.ts";
import { readText } from "../../base/http.ts";
import { LIMITS } from "../../base/limits.ts";
import { US_PER_MS, US_PER_SEC } from "../../base/units.ts";
import { ACCESS_ROLES } from "../../record/access/access_role.ts";
import type { Credentials } from "./access.ts";
import type { Identity } from "./identity.ts";

export interface TokenOptions {
  readonly issuer: string;
  readonly audience: string;
  /** A file, or an https address. */
  readonly jwks: string;
  /** The claim that holds the role. */
  readonly role_claim: string;
  readonly clock: Clock;
}

const ALGORITHMS = ["EdDSA", "ES256"];

type KeySet = ReturnType<typeof createLocalJWKSet>;

export class Tokens implements Credentials {
  readonly #options: TokenOptions;
  #keys: KeySet | undefined;
  #read_us = Number.NEGATIVE_INFINITY;
  #tried_us = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  fits(credential: string): boolean {
    return credential.startsWith("ey") && credential.split(".").length === 3;
  }

  async any(): Promise<boolean> {
    return true;
  }

  async identify(token: string): Promise<Identity | string> {
    const keys = await this.#current();
    try {
      return this.#identityOf(await this.#verified(token, keys));
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) return sentenceOf(error);
    }
    await this.#readAgain().catch(() => {});
    try {
      return this.#identityOf(await this.#verified(token, this.#keys ?? keys));
    } catch (error) {
      return sentenceOf(error);
    }
  }

  async #verified(token: string, keys: KeySet): Promise<JWTPayload> {
    const { issuer, audience, clock } = this.#options;
    const { payload } = await jwtVerify(token, keys, {
      ...{ issuer, audience, algorithms: ALGORITHMS, requiredClaims: ["exp", "sub"] },
      clockTolerance: LIMITS.token_tolerance_s,
      currentDate: new Date(clock.now() / US_PER_MS),
    });
    return payload;
  }

  #identityOf(payload: JWTPayload): Identity | string {
    const { role_claim } = this.#options;
    const role = ACCESS_ROLES.find((one) => one === payload[role_claim]);
    if (!role) return `its claim ${role_claim} expected one of ${ACCESS_ROLES.join(", ")}`;
    const subject = String(payload.sub).slice(0, LIMITS.token_subject_chars_max);
    return {
      ...{ actor: `${subject} (token)`, role, id: `token ${subject}` },
      ...{ expires_us: payload.exp! * US_PER_SEC, again_ms: LIMITS.token_again_ms },
    };
  }

  /** @throws ForetickError STORE_UNREACHABLE where there are none, or too old ones, and they cannot be read. */
  async #current(): Promise<KeySet> {
    const age_ms = (this.#options.clock.monotonicUs() - this.#read_us) / US_PER_MS;
    if (this.#keys && age_ms <= LIMITS.jwks_age_ms) return this.#keys;
    try {
      await this.#readAgain();
    } catch (error) {
      if (!this.#keys || age_ms > LIMITS.jwks_age_ms_max) throw error;
    }
    const now_us = this.#options.clock.monotonicUs();
    if (this.#keys && (now_us - this.#read_us) / US_PER_MS <= LIMITS.jwks_age_ms_max) return this.#keys;
    return fail("STORE_UNREACHABLE", "the keys of tokens could not be read");
  }

  /** At most once in a while, however many ask. */
  async #readAgain(): Promise<void> {
    const now_us = this.#options.clock.monotonicUs();
    if (!this.#reading && (now_us - this.#tried_us) / US_PER_MS <= LIMITS.jwks_again_ms) return;
    this.#tried_us = this.#reading ? this.#tried_us : now_us;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { jwks, clock } = this.#options;
    const stop = new AbortController();
    const text = await withDeadline(textOf(jwks, stop.signal), {
      ...{ clock, limit: "jwks_answer_ms", what: "the keys of tokens", code: "STORE_UNREACHABLE" },
      onGivenUp: () => stop.abort(),
    });
    this.#keys = keySetOf(text);
    this.#read_us = clock.monotonicUs();
  }
}

function keySetOf(text: string): KeySet {
  try {
    return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  } catch (cause) {
    return fail("STORE_UNREACHABLE", "the keys of tokens expected a JWKS, was none", { cause });
  }
}

async function textOf(jwks: string, signal: AbortSignal): Promise<string> {
  if (!/^https?:/.test(jwks)) return await readFile(jwks, "utf8");
  const response = await fetch(jwks, { signal, redirect: "manual" });
  const text = await readText(response, "jwks_bytes_max", "STORE_UNREACHABLE");
  if (response.status === 200) return text;
  return fail("STORE_UNREACHABLE", `the keys of tokens expected 200, was ${response.status}`);
}

/** What a caller may know of why a token is not valid. */
function sentenceOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed)
    return `the token's claim ${error.claim} is not as expected`;
  if (error instanceof errors.JWKSNoMatchingKey) return "the token names a key that its issuer does not have";
  return `the token is not signed as expected, by ${ALGORITHMS.join(" or ")}`;
}
