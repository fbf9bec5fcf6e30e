/**
 * Which test files run under the second runner too, and why.
 *
 * `npm test` runs every file under `bun test`, and under vitest, which loads modules its own way and runs
 * files in threads of one process, those whose subject is something the runtime does: sockets, native
 * code, child processes, files, timers. The others compute: a sum is the same sum under both, and what SQL
 * answers is decided in the server. Nor does a runner change a service that is a process of its own: such a
 * child is the same under both, and that the runtime starts children is asked of a small one. `npm run test:full`
 * runs every file under both.
 */

export interface RuntimeSubject {
  readonly why: string;
  /** Files or folders below test/. */
  readonly paths: readonly string[];
}

export const RUNTIME_SUBJECTS: readonly RuntimeSubject[] = [
  {
    why: "clocks, time limits, fetch and the runtime's own version: what everything else is built on",
    paths: ["clock", "deadline", "http", "runtime", "wall_clock"].map((name) => `base/${name}.test.ts`),
  },
  {
    why: "WebSocket client, fetch, time limits, gzip and files of the exchange's side",
    paths: [
      ...["client", "closing", "frame_faults", "loss", "overlap", "reader", "silence"].map(
        (name) => `binance/stream/${name}.test.ts`,
      ),
      ...[
        "binance/rest/client.test.ts",
        "binance/rest/waiting.test.ts",
        "binance/archive",
        "binance/capture",
      ],
    ],
  },
  {
    why: "native code: onnxruntime in threads, one session a thread",
    paths: [
      "model/model.test.ts",
      "model/bundle/bundle.test.ts",
      "model/onnx/onnx.test.ts",
      "model/onnx/operators.test.ts",
    ],
  },
  {
    why: "WebAssembly kernels in threads, and the bundles they write",
    paths: ["train/network/served.test.ts"],
  },
  {
    why: "the PostgreSQL driver, child processes and signals, lock files",
    paths: [
      "record/server/data_dir_lock.test.ts",
      ...[
        "failing_disk",
        "journal",
        "journal_files",
        "set_aside",
        "write_ahead",
        "writer",
        "written_rows",
      ].map((name) => `record/write/${name}.test.ts`),
    ],
  },
  {
    why: "the server's sockets, streams and back-pressure",
    paths: ["serve/server.test.ts"],
  },
  {
    why: "the paper exchange's sockets, and our client at them",
    paths: [
      "sim/exchange/control.test.ts",
      "sim/exchange/rest.test.ts",
      "sim/exchange/streams.test.ts",
      "sim/exchange/with_client.test.ts",
    ],
  },
  {
    why: "an S3 client and an HTTP client of the runtime",
    paths: ["record/registry/bundle_store.test.ts", "train/track"],
  },
];
