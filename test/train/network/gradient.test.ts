import { describe, expect, it } from "vitest";
import { seededRng } from "../../../src/base/rng.ts";
import type { NetworkKind } from "../../../src/train/fit/trainable.ts";
import { type BackendName, openBackend } from "../../../src/train/network/backend.ts";
import { DropoutMasks } from "../../../src/train/network/layers/dropout_masks.ts";
import { beginning, viewsOf } from "../../../src/train/network/layers/parameters.ts";
import { networkOf, SHAPES } from "../../../src/train/network/network.ts";
import { lossAndGradient } from "../../../src/train/network/passes.ts";
import { FULL } from "../../full.ts";
import { KINDS } from "./networks.ts";

const ROWS = 24;
const COLUMNS = 5;
/** Parameters, drawn by chance. */
const CHECKED = FULL ? 60 : 30;
const STEP = 2e-3;
const SMALL: Readonly<Record<NetworkKind, readonly number[]>> = {
  mlp: [7, 4],
  "mlp-large": [7, 4],
  lstm: [3],
  transformer: [6, 8],
};

/** Loss and gradient of a small network at random weights, without dropout. */
function problem(kind: NetworkKind) {
  const sequence_length = SHAPES[kind].sequence_length === 1 ? 1 : 4;
  const network = networkOf(kind, COLUMNS, { widths: SMALL[kind], dropout: 0, sequence_length });
  const rng = seededRng(4);
  const weights = beginning(network.parameters, rng).map((value) => value + 0.3 * rng.normal());
  const input_dims = sequence_length === 1 ? [COLUMNS] : [sequence_length, COLUMNS];
  const x = Float32Array.from({ length: ROWS * COLUMNS * sequence_length }, () => rng.normal());
  const y = Float32Array.from({ length: ROWS }, () => 2 * rng.normal());
  const options = { input_dims, delta: 1, masks: new DropoutMasks(seededRng(1)) };
  const at = (point: Float32Array) => {
    const gradient = new Float32Array(point.length);
    const loss = lossAndGradient(network, point, { x, rows: ROWS }, y, options, gradient);
    return { loss, gradient };
  };
  const learned = new Uint8Array(weights.length);
  for (const [index, view] of viewsOf(network.parameters, weights).entries()) {
    const from = view.byteOffset / 4;
    learned.fill(network.parameters[index]!.role === "statistic" ? 0 : 1, from, from + view.length);
  }
  return { weights, at, learned };
}

describe("gradients", () => {
  for (const backend of ["cpu", "wasm"] as const satisfies readonly BackendName[]) {
    for (const kind of KINDS) {
      it(`of ${kind} on ${backend} are the slopes one measures by small steps`, async () => {
        await openBackend([backend]);
        const { weights, at, learned } = problem(kind);
        const { gradient } = at(weights);
        const rng = seededRng(9);
        let largest = 0;
        for (let check = 0; check < CHECKED; check++) {
          const index = rng.below(weights.length);
          const moved = (by: number): number => {
            const point = weights.slice();
            point[index]! += by;
            return at(point).loss;
          };
          const measured = learned[index] ? (moved(STEP) - moved(-STEP)) / (2 * STEP) : 0;
          // float32 losses of about 1, over a step of 4e-3: 3e-5 is what rounding leaves; a ReLU's kink adds more.
          expect(Math.abs(gradient[index]! - measured)).toBeLessThan(2e-3 + 0.02 * Math.abs(measured));
          largest = Math.max(largest, Math.abs(measured));
        }
        expect(largest).toBeGreaterThan(0.05);
      });
    }
  }

  it("are the same on both backends to rounding, at a batch of a thousand", async () => {
    const gradients: Float32Array[] = [];
    for (const backend of ["cpu", "wasm"] as const) {
      await openBackend([backend]);
      const network = networkOf("transformer", 22, { widths: [16, 32], dropout: 0, sequence_length: 6 });
      const rng = seededRng(2);
      const weights = beginning(network.parameters, rng).map((value) => value + 0.1 * rng.normal());
      const x = Float32Array.from({ length: 1_024 * 6 * 22 }, () => rng.normal());
      const y = Float32Array.from({ length: 1_024 }, () => rng.normal());
      const gradient = new Float32Array(weights.length);
      const options = { input_dims: [6, 22], delta: 2, masks: new DropoutMasks(seededRng(1)) };
      lossAndGradient(network, weights, { x, rows: 1_024 }, y, options, gradient);
      gradients.push(gradient);
    }
    const [cpu, wasm] = gradients as [Float32Array, Float32Array];
    const size = Math.max(...cpu.map(Math.abs));
    for (const [index, value] of cpu.entries())
      expect(Math.abs(value - wasm[index]!)).toBeLessThan(1e-4 * size);
  });
});
