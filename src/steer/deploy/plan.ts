/** The steps of a deployment, in order, as its strategy has them: a function of what was asked for. */

import type { DeploymentStart, StepName } from "../../record/steer/deployment_rows.ts";

export interface PlannedStep {
  readonly step: StepName;
  /** Whose alias it concerns. */
  readonly symbol: string;
  /** Of the clients it is served to. */
  readonly share: number;
}

/** Shares of a canary after its first, before everyone. */
const CANARY_SHARES = [0.25, 0.5];

export function planOf(
  deployment: Pick<DeploymentStart, "strategy" | "symbol" | "symbols" | "canary_share">,
): PlannedStep[] {
  const { strategy, symbol, symbols, canary_share } = deployment;
  const of =
    (symbol: string) =>
    (step: StepName, share = 0): PlannedStep => ({ step, symbol, share });
  if (strategy === "rolling") {
    return symbols.flatMap((one) => {
      const its = of(one);
      return [its("load"), its("shadow"), its("promote", 1), its("hold", 1)];
    });
  }
  const its = of(symbol);
  const trial =
    strategy === "blue_green"
      ? [its("shadow")]
      : [canary_share, ...CANARY_SHARES.filter((share) => share > canary_share)].map((share) =>
          its("serve", share),
        );
  return [its("load"), ...trial, its("promote", 1), its("hold", 1)];
}
