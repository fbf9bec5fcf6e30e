/**
 * What the search varies of a network, as a list of genes: each has a fixed choice of values, so that a genome
 * is short, comparable, and readable in the state file. Crossover takes each gene from either parent; mutation
 * moves a gene to a neighbouring value, since values are in order.
 */

import type { Rng } from "../../base/rng.ts";
import type { NetworkKind } from "../fit/trainable.ts";
import type { NetworkOptions } from "../network/fit.ts";
import { SHAPES } from "../network/network.ts";

const WIDTHS = [8, 16, 32, 64, 128] as const;

const VALUES = {
  depth: [1, 2, 3, 4],
  width: WIDTHS,
  /** Of one hidden layer in the one before it. */
  narrowing: [1, 2, 4],
  dropout: [0, 0.05, 0.1, 0.2, 0.3, 0.4],
  learning_rate: [3e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3],
  weight_decay: [0.01, 0.1, 0.3, 1, 3, 10],
  averaging: [0.9, 0.99, 0.998],
  sequence_length: [3, 5, 10, 20, 30],
} as const;

export type Gene = keyof typeof VALUES;
/** Position of each gene's value in its list. */
export type Genome = Readonly<Partial<Record<Gene, number>>>;

const COMMON = ["width", "dropout", "learning_rate", "weight_decay", "averaging"] as const;
const GENES: Readonly<Record<NetworkKind, readonly Gene[]>> = {
  mlp: ["depth", "narrowing", ...COMMON],
  "mlp-large": ["depth", "narrowing", ...COMMON],
  lstm: ["sequence_length", ...COMMON],
  transformer: ["sequence_length", ...COMMON],
};
/** Chance of a gene to move by one. */
const MUTATION = 0.3;

export function randomGenome(kind: NetworkKind, rng: Rng): Genome {
  return genomeOf(kind, (gene) => rng.below(VALUES[gene].length));
}

/** A child of two, mutated. */
export function childOf(kind: NetworkKind, mother: Genome, father: Genome, rng: Rng): Genome {
  return genomeOf(kind, (gene) => {
    const inherited = (rng.uniform() < 0.5 ? mother : father)[gene]!;
    if (rng.uniform() >= MUTATION) return inherited;
    const moved = inherited + (rng.uniform() < 0.5 ? -1 : 1);
    return Math.max(0, Math.min(VALUES[gene].length - 1, moved));
  });
}

/** Equal genomes have equal keys. */
export const keyOf = (genome: Genome): string =>
  Object.entries(genome)
    .map(([gene, index]) => `${gene}:${index}`)
    .sort()
    .join(" ");

/** Whether it has the kind's genes and no others, each with a value that exists. */
export function isGenome(kind: NetworkKind, genome: Readonly<Record<string, number>>): genome is Genome {
  const names = Object.keys(genome).sort().join();
  const inRange = (gene: Gene): boolean => VALUES[gene][genome[gene]!] !== undefined;
  return names === [...GENES[kind]].sort().join() && GENES[kind].every(inRange);
}

export function optionsOf(kind: NetworkKind, genome: Genome): NetworkOptions {
  const value = (gene: Gene): number => VALUES[gene][genome[gene]!]!;
  const shape = {
    widths: widthsOf(kind, value),
    dropout: value("dropout"),
    sequence_length: SHAPES[kind].sequence_length === 1 ? 1 : value("sequence_length"),
  };
  const settings = {
    learning_rate: value("learning_rate"),
    weight_decay: value("weight_decay"),
    averaging: value("averaging"),
  };
  return { shape, settings };
}

/** For people: the values, not their positions. */
export const genomeText = (kind: NetworkKind, genome: Genome): string =>
  GENES[kind].map((gene) => `${gene} ${VALUES[gene][genome[gene]!]}`).join(", ");

function widthsOf(kind: NetworkKind, value: (gene: Gene) => number): number[] {
  const width = value("width");
  if (kind === "lstm") return [width];
  if (kind === "transformer") return [width, 2 * width];
  const depths = Array.from({ length: value("depth") }, (_, layer) => layer);
  return depths.map((layer) => Math.max(WIDTHS[0], Math.round(width / value("narrowing") ** layer)));
}

function genomeOf(kind: NetworkKind, indexOf: (gene: Gene) => number): Genome {
  return Object.fromEntries(GENES[kind].map((gene) => [gene, indexOf(gene)]));
}
