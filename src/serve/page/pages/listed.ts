/** Registered models as `/models` gives them. */

export interface ListedModel {
  readonly version: string;
  readonly kind: string;
  readonly created_at: string;
  readonly status: string;
  readonly feature_set: string;
  readonly horizon_s: number;
  readonly aliases: readonly { readonly symbol: string; readonly alias: string }[];
  readonly feature_names: readonly string[];
  readonly metrics: {
    readonly r2: number;
    readonly mae: number;
    readonly rmse: number;
    readonly hit_rate: number | null;
  } | null;
}

export interface ModelDetails {
  readonly gates: readonly Readonly<Record<string, unknown>>[];
  readonly events: readonly {
    readonly at: string;
    readonly actor: string;
    readonly action: string;
    readonly place: { readonly symbol: string; readonly alias: string } | null;
    readonly version_before: string | null;
    readonly forced: boolean;
    readonly reason: string;
  }[];
}
