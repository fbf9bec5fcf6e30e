/** How a network is fitted. */

import type { NetworkKind } from "../fit/trainable.ts";

export interface FitSettings {
  /** Rows one step sees. */
  readonly batch: number;
  readonly epochs_max: number;
  /**
   * Rows one epoch draws at most, each epoch other ones; 0: all. Neighbouring rows share nine tenths of their
   * label, so a part of them says nearly as much.
   */
  readonly epoch_rows_max: number;
  /** Validation rows looked at after an epoch at most, spread evenly; 0: all. */
  readonly validation_rows_max: number;
  readonly learning_rate: number;
  /** Share of a weight lost per step, times the learning rate. */
  readonly weight_decay: number;
  /** Where squared loss becomes linear, in root mean squares of the training labels. */
  readonly huber_delta: number;
  /** Share of the averaged weights kept from step to step. */
  readonly averaging: number;
  readonly gradient_norm_max: number;
  /** Epochs without a better validation loss after which the learning rate falls. */
  readonly plateau_epochs: number;
  /** What it is multiplied by then. */
  readonly plateau_factor: number;
  /** Epochs without a better validation loss after which the fit ends. */
  readonly patience_epochs: number;
}

/**
 * Found on simulated days with a planted R² of 0.005 (docs/decisions/networks.md): there a forecast is right by
 * one part in two hundred, so what matters is how little of the rest is learned.
 */
const USUAL: FitSettings = {
  batch: 1024,
  epochs_max: 60,
  epoch_rows_max: 65_536,
  validation_rows_max: 0,
  learning_rate: 2e-3,
  weight_decay: 1,
  huber_delta: 2,
  averaging: 0.998,
  gradient_norm_max: 1,
  plateau_epochs: 3,
  plateau_factor: 0.5,
  patience_epochs: 8,
};

/** A row of several vectors takes twenty times as long, and shares most of itself with the next. */
const OF_SEQUENCES: FitSettings = { ...USUAL, epoch_rows_max: 16_384, validation_rows_max: 16_384 };

export const FIT_DEFAULTS: Readonly<Record<NetworkKind, FitSettings>> = {
  mlp: USUAL,
  "mlp-large": USUAL,
  lstm: OF_SEQUENCES,
  transformer: OF_SEQUENCES,
};
