/**
 * Which TensorFlow.js computes: its native library where that is installed, else WebAssembly with SIMD, else
 * plain JavaScript. Choosing is global to the process, as the library has it. Only training comes here; the
 * service runs ONNX and never loads this.
 */

import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import { describeError, fail } from "../../base/errors.ts";

/** In order of preference. */
export const BACKENDS = ["native", "wasm", "cpu"] as const;
export type BackendName = (typeof BACKENDS)[number];

export interface Backend {
  readonly name: BackendName;
  /** For people, e.g. "TensorFlow.js 4.22.0, WebAssembly with SIMD". */
  readonly description: string;
}

/** Its installer fetches a binary from outside the registries, so it is used where it is and never asked for. */
const NATIVE_PACKAGE = "@tensorflow/tfjs-node";

const OPENERS: Readonly<Record<BackendName, () => Promise<string>>> = {
  native: openNative,
  wasm: openWasm,
  cpu: openCpu,
};

/**
 * Opens the first backend of the order that works here.
 * @throws ForetickError TRAIN_BACKEND where none does, with the reason of each.
 */
export function openBackend(order: readonly BackendName[] = BACKENDS): Promise<Backend> {
  opened = open(order);
  return opened;
}

async function open(order: readonly BackendName[]): Promise<Backend> {
  // Otherwise the library prints advice to install its native package.
  tf.enableProdMode();
  const reasons: string[] = [];
  for (const name of order) {
    try {
      const what = await OPENERS[name]();
      return { name, description: `TensorFlow.js ${tf.version_core}, ${what}` };
    } catch (error) {
      reasons.push(`${name}: ${describeError(error)}`);
    }
  }
  return fail("TRAIN_BACKEND", `no TensorFlow.js backend works here (${reasons.join("; ")}): run npm ci`);
}

let opened: Promise<Backend> | undefined;

/** The backend opened before, or the first that works. */
export function readyBackend(): Promise<Backend> {
  return opened ?? openBackend();
}

async function openNative(): Promise<string> {
  await import(NATIVE_PACKAGE);
  await select("tensorflow");
  return "native";
}

async function openWasm(): Promise<string> {
  await withoutProcessHooks(async () => {
    const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
    setWasmPaths(join(dirname(main), sep));
    await select("wasm");
  });
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return simd ? "WebAssembly with SIMD" : "WebAssembly";
}

async function openCpu(): Promise<string> {
  await import("@tensorflow/tfjs-backend-cpu");
  await select("cpu");
  return "plain JavaScript";
}

async function select(backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) fail("TRAIN_BACKEND", `${backend} did not start`);
  await tf.ready();
}

// The WebAssembly module, once started, catches every uncaught error of the process and throws it again, with
// its own file as the place. What it hooks in is taken out.
async function withoutProcessHooks(start: () => Promise<void>): Promise<void> {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as "exit")));
  await start();
  for (const [index, event] of events.entries()) {
    for (const listener of process.listeners(event as "exit")) {
      if (!before[index]!.has(listener)) process.removeListener(event, listener);
    }
  }
}
