/** Preloaded into a service: from SIGUSR2 on, its model answers nothing any more, neither a vector nor its end. */

import { ZeroModel } from "../../../src/model/zero_model.ts";

process.on("SIGUSR2", () => {
  const never = () => new Promise<never>(() => {});
  ZeroModel.prototype.infer = never;
  ZeroModel.prototype.close = never;
});
