/**
 * An average of several models, each fitted by itself. Where most of what can be fitted is noise, members that
 * differ by their seed alone err in different directions, and their mean errs less than any.
 */

import { assert } from "../../base/errors.ts";
import type { Golden } from "../../model/bundle/manifest.ts";
import type { Dataset } from "../data/dataset.ts";
import { type RowRange, rowsOf } from "../data/row_range.ts";
import { networkGolden } from "../export/golden.ts";
import { OnnxGraphBuilder, type ValueName } from "../export/onnx.ts";
import type { EpochRecord, FitOptions, FitSplit, Fitted, Parameters, Trainable } from "./trainable.ts";

/** Members look at one vector, or all those that look at more at the same number. */
export function ensembleTrainable(members: readonly Trainable[]): Trainable {
  const sequence_length = Math.max(...members.map((member) => member.sequence_length));
  const alike = members.every((member) => [1, sequence_length].includes(member.sequence_length));
  assert(alike, "an ensemble's members look at one vector, or at the same number of vectors");
  return {
    kind: "ensemble",
    sequence_length,
    fit: async (dataset, split, options) =>
      new FittedEnsemble(await fitMembers(members, dataset, split, options)),
  };
}

// At a stop, those not begun are left out: an average of fewer is one too.
async function fitMembers(
  members: readonly Trainable[],
  dataset: Dataset,
  split: FitSplit,
  options: FitOptions,
): Promise<Fitted[]> {
  const fitted: Fitted[] = [];
  for (const [index, member] of members.entries()) {
    if (index > 0 && options.signal?.aborted) break;
    const place = { kind: "ensemble", member: index + 1, members: members.length } as const;
    const one = await member.fit(dataset, split, {
      ...options,
      seed: options.seed + index * SEED_STEP,
      onProgress: (progress) => options.onProgress?.({ ...progress, ...place }),
    });
    fitted.push(one);
  }
  return fitted;
}

/** Between the seeds of members, so that runs of neighbouring seeds share no member. */
const SEED_STEP = 1_000_003;

class FittedEnsemble implements Fitted {
  readonly name = "ensemble";
  readonly kind = "ensemble";
  readonly sequence_length: number;
  readonly #members: readonly Fitted[];

  constructor(members: readonly Fitted[]) {
    this.#members = members;
    this.sequence_length = Math.max(...members.map((member) => member.sequence_length));
  }

  /** The first member's; all are fitted on the same rows. */
  get scaler(): Fitted["scaler"] {
    return this.#members[0]!.scaler;
  }

  get target_scale(): number {
    return Math.max(...this.#members.map((member) => member.target_scale));
  }

  /** The members' epochs one after the other, numbered through. */
  get history(): readonly EpochRecord[] {
    return this.#members
      .flatMap((member) => member.history)
      .map((record, index) => ({ ...record, epoch: index + 1 }));
  }

  get parameters(): Parameters {
    const all = this.#members.map((member, index) =>
      Object.entries({ kind: member.kind, ...member.parameters }).map(([name, value]) => [
        `${index + 1}.${name}`,
        value,
      ]),
    );
    return { members: this.#members.length, ...Object.fromEntries(all.flat()) };
  }

  forecast(dataset: Dataset, range: RowRange): Float64Array {
    const mean = new Float64Array(rowsOf(range));
    for (const member of this.#members) {
      for (const [row, value] of member.forecast(dataset, range).entries()) mean[row]! += value;
    }
    return mean.map((sum) => sum / this.#members.length);
  }

  golden(dataset: Dataset, range: RowRange): Golden {
    return networkGolden(this, dataset, range);
  }

  write(graph: OnnxGraphBuilder, x: ValueName, scope: string, output?: ValueName): ValueName {
    const last = this.sequence_length - 1;
    const newest =
      last === 0
        ? x
        : graph.node("Gather", [x, graph.integers(`${scope}.newest`, [], [last])], { axis: { int: 1 } });
    const sum = this.#members
      .map((member, index) =>
        member.write(graph, member.sequence_length === 1 ? newest : x, `${scope}.${index + 1}`),
      )
      .reduce((total, value) => graph.add(total, value));
    return graph.mul(sum, graph.constant(`${scope}.share`, [1], [1 / this.#members.length]), output);
  }

  toOnnx(metadata: Readonly<Record<string, string>>): Uint8Array {
    const columns = this.scaler.mean.length;
    const dims = this.sequence_length === 1 ? [columns] : [this.sequence_length, columns];
    const graph = new OnnxGraphBuilder("ensemble", dims);
    this.write(graph, graph.input, "ensemble", "yhat");
    return graph.toBytes(metadata);
  }
}
