/** Back to the version before, as the registry has it: the last promotion taken back, or the champion of every symbol. */

import { ForetickError } from "../base/errors.ts";
import type { ModelVersion } from "../base/units.ts";
import type { Registry } from "../record/registry/registry.ts";
import type { RoleChoice, RoleRows } from "../record/registry/role_rows.ts";

export interface GoBackPorts {
  readonly roles: Pick<RoleRows, "champions" | "beside">;
  readonly registry: Pick<Registry, "rollback" | "promote">;
}

export interface Back {
  readonly status: "returned" | "no_fallback" | "refused";
  /** What is the champion now; null where nothing could replace it. */
  readonly version_after: ModelVersion | null;
  /** What the registry said against it. */
  readonly problem?: string;
}

/**
 * @param champion of `symbol`, to be taken back; where another one is the champion by now nothing is done.
 * Rejects with STORE_UNREACHABLE or STORE_QUERY where the database does not answer.
 */
export async function goBack(
  { roles, registry }: GoBackPorts,
  symbol: string,
  { version, place }: RoleChoice,
  because: { readonly actor: string; readonly reason: string },
): Promise<Back> {
  const { actor, reason } = because;
  try {
    const moved = await registry.rollback({ actor }, { symbol: place.symbol, from: version, reason });
    return { status: "returned", version_after: moved.version };
  } catch (error) {
    if (!(error instanceof ForetickError) || error.code !== "MODEL_REFUSED") throw error;
    const problem = error.message;
    const serving = (await roles.champions([symbol])).get(symbol);
    if (serving?.version !== version) {
      return { status: "refused", version_after: serving?.version ?? null, problem };
    }
    // The first champion of its own falls back on that of every symbol.
    const fallback = await fallbackOf(roles, symbol, version);
    if (!fallback) return { status: "no_fallback", version_after: null, problem };
    const moved = await registry.promote({ actor }, { version: fallback, symbol: place.symbol, reason });
    return { status: "returned", version_after: moved.version };
  }
}

/** What a symbol would go back to; undefined: nothing. */
export async function fallbackOf(
  roles: Pick<RoleRows, "beside">,
  symbol: string,
  version: ModelVersion,
): Promise<ModelVersion | undefined> {
  const beside = (await roles.beside([symbol])).get(symbol) ?? [];
  const found = beside.find((one) => one.place.alias === "fallback" && one.version !== version);
  return found?.version;
}
