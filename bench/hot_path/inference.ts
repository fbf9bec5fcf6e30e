/**
 * How long does one forecast take: the native session against the pure-TypeScript evaluator of the same file?
 *
 * Each variant runs in fresh processes, in alternating order; the median of the rounds is printed. Calls are
 * made one at a time and awaited, as the service makes them.
 */

import { seededRng } from "../../src/base/rng.ts";
import { prepareEvaluator } from "../../src/model/onnx/evaluator.ts";
import { readOnnx } from "../../src/model/onnx/read.ts";
import { openSession } from "../../src/model/onnx/session.ts";
import { OnnxGraphBuilder } from "../../src/train/export/onnx.ts";
import { byTurns, grouped, inFreshProcess, machine, median, printTable, quantile } from "../peers/measure.ts";

const ROUNDS = 5;
const CALLS = 20_000;
const WARM_UP_CALLS = 2_000;
const COLUMNS = 22;
const GRAPHS = { "ridge 22→1": [], "network 22→64→32→1": [64, 32] } as const;
const VARIANTS = ["onnxruntime", "fallback"] as const;

type GraphName = keyof typeof GRAPHS;
type Variant = (typeof VARIANTS)[number];
interface Timing {
  readonly p50_us: number;
  readonly p99_us: number;
}

/** Standardisation, layers with ReLU between them, and the target's scale: what the trainer exports. */
function graphBytes(hidden: readonly number[]): Uint8Array {
  const rng = seededRng(1);
  const random = (size: number): Float64Array =>
    Float64Array.from({ length: size }, () => 0.2 * rng.normal());
  const graph = new OnnxGraphBuilder("bench", [COLUMNS]);
  const centred = graph.sub(graph.input, graph.constant("mean", [COLUMNS], random(COLUMNS)));
  let value = graph.mul(centred, graph.constant("inverse", [COLUMNS], random(COLUMNS)));
  let width = COLUMNS;
  for (const [layer, size] of [...hidden, 1].entries()) {
    const weights = graph.constant(`w${layer}`, [width, size], random(width * size));
    const dense = graph.gemm(value, weights, graph.constant(`b${layer}`, [size], random(size)));
    value = layer < hidden.length ? graph.relu(dense) : dense;
    width = size;
  }
  graph.mul(value, graph.constant("target_scale", [1], [3e-4]), "yhat");
  return graph.toBytes();
}

async function time(graph: GraphName, variant: Variant): Promise<Timing> {
  const bytes = graphBytes(GRAPHS[graph]);
  const evaluator = prepareEvaluator(readOnnx(bytes));
  const session = await openSession(bytes, evaluator);
  const rng = seededRng(2);
  const took_us: number[] = [];
  for (let call = -WARM_UP_CALLS; call < CALLS; call++) {
    for (let j = 0; j < COLUMNS; j++) session.input[j] = rng.normal();
    const started_ms = performance.now();
    if (variant === "fallback") evaluator.evaluate(session.input);
    else await session.run();
    if (call >= 0) took_us.push((performance.now() - started_ms) * 1000);
  }
  await session.close();
  return { p50_us: median(took_us), p99_us: quantile(took_us, 0.99) };
}

function report(): void {
  console.log("one forecast, µs: onnxruntime against the fallback");
  console.log(`${grouped(CALLS)} calls, median of ${ROUNDS} rounds\n${machine()}\n`);
  const rows = (Object.keys(GRAPHS) as GraphName[]).map((graph) => {
    const timings = byTurns(VARIANTS, ROUNDS, (variant) =>
      inFreshProcess<Timing>(import.meta.path, [graph, variant]),
    );
    const of = (variant: Variant, key: keyof Timing): number =>
      median(timings.get(variant)!.map((timing) => timing[key]));
    const cells = VARIANTS.flatMap((variant) => [of(variant, "p50_us"), of(variant, "p99_us")]);
    const ratio = of("onnxruntime", "p50_us") / of("fallback", "p50_us");
    return [graph, ...cells.map((value) => value.toFixed(2)), ratio.toFixed(1)];
  });
  printTable(["", "onnx p50", "p99", "fallback p50", "p99", "onnx ÷ fallback, p50"], rows);
}

const [graph, variant] = process.argv.slice(2);
if (graph && variant) console.log(JSON.stringify(await time(graph as GraphName, variant as Variant)));
else report();
