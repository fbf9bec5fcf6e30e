/** The models one can ask for by name. Networks are loaded when asked for: a ridge needs no TensorFlow.js. */

import { ensembleTrainable } from "./ensemble.ts";
import { ridgeTrainable } from "./fitted_ridge.ts";
import type { ModelKind, Trainable } from "./trainable.ts";

/** Ridge steadies, the rest find what it cannot; three of one kind differ by their seed alone. */
const ENSEMBLE: readonly Exclude<ModelKind, "ensemble">[] = ["ridge", "mlp", "mlp", "mlp", "mlp-large"];

export async function trainableOf(kind: ModelKind): Promise<Trainable> {
  switch (kind) {
    case "ridge":
      return ridgeTrainable;
    case "ensemble":
      return ensembleTrainable(await Promise.all(ENSEMBLE.map(trainableOf)));
    default: {
      const { networkTrainable } = await import("../network/fit.ts");
      return networkTrainable(kind);
    }
  }
}
