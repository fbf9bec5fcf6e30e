/** The aliases as a service follows them: which version a symbol is served by, and which are scored beside it. */

import type { Sql } from "postgres";
import { parsedBy } from "../../base/input/schema.ts";
import { LIMITS } from "../../base/limits.ts";
import { type ModelVersion, modelVersion } from "../../base/units.ts";
import { type Member, membersSchema } from "../../model/ensemble.ts";
import type { Role } from "../../model/role.ts";
import { asked } from "../sql/asked.ts";
import { type Alias, type AliasPlace, EVERY_SYMBOL, roleOf } from "./alias.ts";

/** A version a symbol is scored by, in the role of its alias. */
export interface RoleChoice {
  readonly version: ModelVersion;
  readonly manifest_sha256: string;
  /** Whose alias it is: the symbol's own or that of every symbol. */
  readonly place: AliasPlace;
  /** Of an ensemble, which has no bundle of its own. */
  readonly members?: readonly Member[] | undefined;
}

interface AliasRow {
  readonly symbol: string;
  readonly alias: Alias;
  readonly version: string;
  readonly manifest_sha256: string;
  readonly members: unknown;
}

/** Who keeps a version that has several roles: a fallback stays ready whatever else it is. */
const PRECEDENCE: readonly Role[] = ["champion", "fallback", "challenger", "shadow"];

/** Every method rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer. */
export class RoleRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** By symbol, for those that have a champion: their own, or else that of every symbol. */
  async champions(symbols: readonly string[]): Promise<Map<string, RoleChoice>> {
    const all = (await this.#aliases()).filter(({ place }) => place.alias === "champion");
    const chosen = new Map<string, RoleChoice>();
    for (const symbol of symbols) {
      const choice = ownOrEvery(all, symbol, "champion");
      if (choice) chosen.set(symbol, choice);
    }
    return chosen;
  }

  /**
   * By symbol, what is scored beside the champion: a fallback, a challenger, and the first
   * `LIMITS.shadows_max` shadows, the symbol's own and those of every symbol. A version is there once.
   */
  async beside(symbols: readonly string[]): Promise<Map<string, readonly RoleChoice[]>> {
    const all = await this.#aliases();
    return new Map(symbols.map((symbol) => [symbol, besideOf(all, symbol)]));
  }

  /** What an alias pointed to before, latest first, each once, without what it points to now. */
  async former(place: AliasPlace, limit: number): Promise<RoleChoice[]> {
    const rows = await asked(
      this.#sql<Omit<AliasRow, "symbol" | "alias">[]>`
        select v.version, v.manifest_sha256, v.manifest -> 'members' as members
        from model_versions v
        join (
          select e.version_before as version, max(e.event_id) as left_by
          from model_events e
          where e.symbol = ${place.symbol} and e.alias = ${place.alias}
          group by e.version_before
        ) as left_versions using (version)
        where v.version not in (
          select version from model_aliases where symbol = ${place.symbol} and alias = ${place.alias}
        )
        order by left_by desc
        limit ${limit}`,
    );
    return rows.map((row) => choiceOf(row, place));
  }

  async #aliases(): Promise<RoleChoice[]> {
    const rows = await asked(
      this.#sql<AliasRow[]>`
        select a.symbol, a.alias, a.version, v.manifest_sha256, v.manifest -> 'members' as members
        from model_aliases a
        join model_versions v using (version)
        order by a.alias, a.symbol`,
    );
    return rows.map((row) => choiceOf(row, { symbol: row.symbol, alias: row.alias }));
  }
}

function choiceOf(row: Omit<AliasRow, "symbol" | "alias">, place: AliasPlace): RoleChoice {
  const version = modelVersion(row.version);
  const members = parsedBy(membersSchema, row.members);
  const ensemble = members.success ? { members: members.data } : {};
  return { version, manifest_sha256: row.manifest_sha256, place, ...ensemble };
}

function ownOrEvery(all: readonly RoleChoice[], symbol: string, alias: Alias): RoleChoice | undefined {
  const of = (whose: string): RoleChoice | undefined =>
    all.find(({ place }) => place.symbol === whose && place.alias === alias);
  return of(symbol) ?? of(EVERY_SYMBOL);
}

function besideOf(all: readonly RoleChoice[], symbol: string): RoleChoice[] {
  const champion = ownOrEvery(all, symbol, "champion");
  const shadows = [symbol, EVERY_SYMBOL].flatMap((whose) =>
    all.filter(({ place }) => place.symbol === whose && roleOf(place.alias) === "shadow"),
  );
  const wanted = [
    fallbackOf(all, symbol, champion),
    ownOrEvery(all, symbol, "challenger"),
    ...shadows.slice(0, LIMITS.shadows_max),
  ].filter((choice) => choice !== undefined);
  const rank = ({ place }: RoleChoice): number => PRECEDENCE.indexOf(roleOf(place.alias));
  const found = new Map<string, RoleChoice>();
  for (const choice of wanted.sort((a, b) => rank(a) - rank(b))) {
    if (choice.version !== champion?.version && !found.has(choice.version)) found.set(choice.version, choice);
  }
  return [...found.values()];
}

/** A symbol whose first champion of its own has replaced that of every symbol falls back on the latter. */
function fallbackOf(
  all: readonly RoleChoice[],
  symbol: string,
  champion: RoleChoice | undefined,
): RoleChoice | undefined {
  const fallback = ownOrEvery(all, symbol, "fallback");
  if (champion?.place.symbol !== symbol || fallback?.place.symbol === symbol) return fallback;
  const every = all.find(({ place }) => place.symbol === EVERY_SYMBOL && place.alias === "champion");
  return every ? { ...every, place: { symbol: EVERY_SYMBOL, alias: "fallback" } } : fallback;
}
