/**
 * Adam with decoupled weight decay, and a running average of the weights it passes through.
 *
 * Kingma and Ba 2015, "Adam"; Loshchilov and Hutter 2019, "Decoupled weight decay regularization"; the average
 * after Polyak and Juditsky 1992: where nearly all of a gradient is noise, the mean of many steps is nearer
 * to the minimum than any one of them. Written over the flat array, so it is the same on every backend.
 */

import { sizeOf } from "./layers/dense.ts";
import type { ParameterSpec } from "./layers/layer.ts";

export interface AdamSettings {
  /** Share of a weight lost per step, times the learning rate. Biases do not decay. */
  readonly weight_decay: number;
  /** Longest a gradient may be (Euclidean); a longer one is shortened. */
  readonly gradient_norm_max: number;
  /** Share of the average kept from step to step, in [0, 1); 0 averages nothing. */
  readonly averaging: number;
}

const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-8;

export class Adam {
  /** The running average of the weights: what is evaluated, kept and exported. */
  readonly averaged: Float32Array;
  readonly #weights: Float32Array;
  readonly #settings: AdamSettings;
  readonly #decays: Uint8Array;
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  #steps = 0;

  /** @param weights stepped in place. */
  constructor(specs: readonly ParameterSpec[], weights: Float32Array, settings: AdamSettings) {
    this.#weights = weights;
    this.#settings = settings;
    this.averaged = weights.slice();
    this.#first = new Float64Array(weights.length);
    this.#second = new Float64Array(weights.length);
    this.#decays = Uint8Array.from(
      specs.flatMap(({ dims, role }) => new Array<number>(sizeOf(dims)).fill(role === "weight" ? 1 : 0)),
    );
  }

  step(gradient: Float32Array, learning_rate: number): void {
    this.#steps++;
    const { weight_decay, averaging } = this.#settings;
    const shorten = this.#shortening(gradient);
    const correct_1 = 1 - BETA_1 ** this.#steps;
    const correct_2 = 1 - BETA_2 ** this.#steps;
    // Early on the average follows closely, or it would keep the initial weights for long.
    const kept = Math.min(averaging, this.#steps / (this.#steps + 10));
    const weights = this.#weights;
    for (let at = 0; at < weights.length; at++) {
      const slope = gradient[at]! * shorten;
      const first = BETA_1 * this.#first[at]! + (1 - BETA_1) * slope;
      const second = BETA_2 * this.#second[at]! + (1 - BETA_2) * slope * slope;
      this.#first[at] = first;
      this.#second[at] = second;
      const move = first / correct_1 / (Math.sqrt(second / correct_2) + EPSILON);
      weights[at]! -= learning_rate * (move + weight_decay * this.#decays[at]! * weights[at]!);
      this.averaged[at] = kept * this.averaged[at]! + (1 - kept) * weights[at]!;
    }
  }

  #shortening(gradient: Float32Array): number {
    let sum = 0;
    for (let at = 0; at < gradient.length; at++) sum += gradient[at]! * gradient[at]!;
    const norm = Math.sqrt(sum);
    const { gradient_norm_max } = this.#settings;
    return norm > gradient_norm_max ? gradient_norm_max / norm : 1;
  }
}
