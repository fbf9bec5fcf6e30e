/** The networks of this project, each as the list of its layers, with its default shape. */

import type { NetworkKind } from "../fit/trainable.ts";
import { layerNorm, newest, positions, residual, selfAttention } from "./layers/attention.ts";
import { dense, denseNormalised, dropout, relu } from "./layers/dense.ts";
import { chain, type Layer } from "./layers/layer.ts";
import { lstm } from "./layers/lstm.ts";

/** What the hyper-parameter search varies of a network, beside the settings of the fit. */
export interface Shape {
  /** Widths of the hidden layers, from the input on. */
  readonly widths: readonly number[];
  readonly dropout: number;
  /** Vectors it sees; 1 for one vector. */
  readonly sequence_length: number;
}

export const SHAPES: Readonly<Record<NetworkKind, Shape>> = {
  mlp: { widths: [64, 32], dropout: 0.1, sequence_length: 1 },
  "mlp-large": { widths: [128, 64, 32, 16], dropout: 0.2, sequence_length: 1 },
  lstm: { widths: [24], dropout: 0.1, sequence_length: 10 },
  transformer: { widths: [32, 64], dropout: 0.1, sequence_length: 10 },
};

const LAYERS: Readonly<Record<NetworkKind, (columns: number, shape: Shape) => Layer>> = {
  mlp: plain,
  "mlp-large": normalised,
  lstm: recurrent,
  transformer: attentive,
};

/** [columns], or [sequence_length, columns], to [1]. The last layer begins at zero: no forecast to unlearn. */
export const networkOf = (kind: NetworkKind, columns: number, shape: Shape): Layer =>
  LAYERS[kind](columns, shape);

function plain(columns: number, shape: Shape): Layer {
  const hidden = perWidth(columns, shape, (inputs, width) => dense([inputs], width));
  return chain(...hidden, dense([shape.widths.at(-1)!], 1, 0));
}

function normalised(columns: number, shape: Shape): Layer {
  const hidden = perWidth(columns, shape, denseNormalised);
  return chain(...hidden, dense([shape.widths.at(-1)!], 1, 0));
}

function perWidth(columns: number, shape: Shape, of: (inputs: number, width: number) => Layer): Layer[] {
  return shape.widths.flatMap((width, index) => [
    of(shape.widths[index - 1] ?? columns, width),
    relu([width]),
    dropout([width], shape.dropout),
  ]);
}

function recurrent(columns: number, { widths, dropout: rate, sequence_length }: Shape): Layer {
  const [width, ...others] = widths as [number, ...number[]];
  const hidden = perWidth(width, { widths: others, dropout: rate, sequence_length }, (inputs, next) =>
    dense([inputs], next),
  );
  const last = others.at(-1) ?? width;
  return chain(
    lstm([sequence_length, columns], width),
    dropout([width], rate),
    ...hidden,
    dense([last], 1, 0),
  );
}

/** widths: of a position, then inside its two dense layers. One block. */
function attentive(columns: number, { widths, dropout: rate, sequence_length }: Shape): Layer {
  const [width, inner] = widths as [number, number];
  const each: [number, number] = [sequence_length, width];
  const heads = width % 2 === 0 ? 2 : 1;
  const attention = chain(layerNorm(each), selfAttention(each, heads), dropout(each, rate));
  const beyond: [number, number] = [sequence_length, inner];
  const feed = chain(
    layerNorm(each),
    dense(each, inner),
    relu(beyond),
    dense(beyond, width),
    dropout(each, rate),
  );
  return chain(
    dense([sequence_length, columns], width),
    positions(each),
    residual(attention),
    residual(feed),
    newest(each),
    layerNorm([width]),
    dense([width], 1, 0),
  );
}
