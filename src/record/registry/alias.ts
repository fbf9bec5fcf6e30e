/** Names that point at a version: whose they are, and the role they give it. */

import { z } from "zod";
import type { Role } from "../../model/role.ts";

/** Shadows may be several: `shadow`, `shadow:1`, `shadow:<name>`. */
export type Alias = Role | `shadow:${string}`;

const ALIAS = /^(champion|challenger|fallback|shadow(:[a-z0-9][a-z0-9._-]{0,30})?)$/;
export const ALIAS_WORDS = "champion | challenger | fallback | shadow | shadow:<name>";

export const isAlias = (text: string): text is Alias => ALIAS.test(text);

export const aliasSchema = z.string().refine(isAlias, `expected ${ALIAS_WORDS}`);

export const roleOf = (alias: Alias): Role => (alias.startsWith("shadow") ? "shadow" : (alias as Role));

/** Every symbol that has no alias of its own. */
export const EVERY_SYMBOL = "*";

export interface AliasPlace {
  readonly symbol: string;
  readonly alias: Alias;
}

/** e.g. "challenger of BTCUSDT". */
export const placeText = ({ symbol, alias }: AliasPlace): string =>
  symbol === EVERY_SYMBOL ? `${alias} of every symbol` : `${alias} of ${symbol}`;
