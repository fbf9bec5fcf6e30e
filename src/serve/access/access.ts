/** What decides whether a caller may do something: the credential is looked up, its role compared. */

import { type AccessRole, mayAct } from "../../record/access/access_role.ts";
import type { Problem } from "../request/problem.ts";
import { networkOf, type TrustedProxies } from "./addresses.ts";
import type { KeptAnswers } from "./idempotency.ts";
import type { Identity } from "./identity.ts";
import type { Rate, Rates } from "./rates.ts";
import type { Refusal } from "./records.ts";
import type { Needed } from "./table.ts";

/** Where credentials of one kind are known. */
export interface Credentials {
  /** Whether a credential has this kind's form. */
  fits(credential: string): boolean;
  /**
   * Who it is of; a sentence where it is not valid.
   * @throws ForetickError STORE_UNREACHABLE, STORE_QUERY where that cannot be known now.
   */
  identify(credential: string): Promise<Identity | string>;
  /** Whether there is any. @throws as `identify`. */
  any(): Promise<boolean>;
}

export interface AccessOptions {
  /** Whether what is public is read without a credential. */
  readonly public_read: boolean;
  readonly credentials: readonly Credentials[];
  /** Must return at once. */
  readonly onRefused?: (refusal: Refusal) => void;
  /** How often callers may ask; default as they like. */
  readonly rates?: RateOptions;
  /** Of requests with an Idempotency-Key; default the key means nothing. */
  readonly kept_answers?: KeptAnswers;
}

export interface RateOptions {
  readonly by_address?: Rates | undefined;
  readonly by_key?: Rates | undefined;
  readonly proxies: TrustedProxies;
}

const HOW_TO_BEGIN =
  "no key is there yet: on the service's machine, `bun run keys create --role operator --name <whose>` makes one and shows it once";
const HOW_TO_ASK = "send a key as `Authorization: Bearer <key>` or `X-API-Key: <key>`";

export class Access {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** For the record: somebody was not let through. */
  refused(refusal: Refusal): void {
    this.#options.onRefused?.(refusal);
  }

  get kept_answers(): KeptAnswers | undefined {
    return this.#options.kept_answers;
  }

  /** Whether anything of an address is asked: it costs a call to find out. */
  get needs_address(): boolean {
    return this.#options.rates?.by_address !== undefined;
  }

  /** The address a request is from. */
  callerOf(connected: string, forwarded_for: string | null): string {
    return this.#options.rates?.proxies.callerOf(connected, forwarded_for) ?? connected;
  }

  /**
   * Counts a request; undefined where it is not counted.
   * @param address undefined: not known, or this machine's own.
   */
  take(identity: Identity | undefined, address: string | undefined): Rate | undefined {
    const { by_address, by_key } = this.#options.rates ?? {};
    if (identity) return by_key?.take(identity.id);
    return address === undefined ? undefined : by_address?.take(networkOf(address));
  }

  /** Whether anyone may, whoever it is. */
  isFree(needed: Needed): boolean {
    return needed === "open" || needed === "shell" || (needed === "public" && this.#options.public_read);
  }

  /** @throws ForetickError STORE_UNREACHABLE, STORE_QUERY where it cannot be known now. */
  async identify(credential: string): Promise<Identity | Problem> {
    const kind = this.#options.credentials.find((one) => one.fits(credential));
    const found = kind ? await kind.identify(credential) : "it has not the form of a key or token";
    if (typeof found !== "string") return found;
    return unauthenticated(`the credential is not valid: ${found}`);
  }

  /** Why somebody may not; undefined where they may. @throws as `identify`. */
  async objection(needed: Needed, identity: Identity | undefined): Promise<Problem | undefined> {
    if (this.isFree(needed)) return undefined;
    const least: AccessRole = isRole(needed) ? needed : "viewer";
    if (identity) {
      if (mayAct(identity.role, least)) return undefined;
      const detail = `this needs the role ${least}; ${identity.actor} has ${identity.role}.`;
      return { code: "FORBIDDEN", detail };
    }
    if (needed === "public") {
      return unauthenticated(
        `this service does not answer anonymous readers (PUBLIC_READ=false): ${HOW_TO_ASK}`,
      );
    }
    if (!(await this.#anyCredential())) return { code: "FORBIDDEN", detail: `${HOW_TO_BEGIN}.` };
    return unauthenticated(`this needs the role ${least}: ${HOW_TO_ASK}`);
  }

  async #anyCredential(): Promise<boolean> {
    for (const kind of this.#options.credentials) if (await kind.any()) return true;
    return false;
  }
}

const isRole = (needed: Needed): needed is AccessRole => !["open", "shell", "public"].includes(needed);

const unauthenticated = (sentence: string): Problem => ({
  ...{ code: "UNAUTHENTICATED", detail: `${sentence}.` },
  headers: { "www-authenticate": 'Bearer realm="foretick"' },
});
