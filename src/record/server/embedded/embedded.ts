/**
 * A real PostgreSQL of our own below the data directory, for a machine that has none.
 *
 * It does not outlive the process, not even after SIGKILL (`watched_server.ts`). It runs in a session of its own:
 * Ctrl-C in a terminal reaches us, not the database that still has rows to take.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { type Clock, sleep } from "../../../base/clock.ts";
import { describeError, fail } from "../../../base/errors.ts";
import { LIMITS } from "../../../base/limits.ts";
import type { Logger } from "../../../base/log.ts";
import { chooseServerUser, type ServerUser } from "../user.ts";
import { findServerBinaries, type ServerBinaries } from "./binaries.ts";
import { CLUSTER_USER, type Cluster, openCluster, serverEnvironment } from "./cluster.ts";
import { clearLeftover, readPidFile } from "./leftover.ts";
import { watchedServer } from "./watched_server.ts";

const START_ATTEMPTS = 8;
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 15_000;
const RESTART_MS_MAX = 10_000;
const POLL_MS = 10;

export interface EmbeddedServerOptions {
  readonly data_dir: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Settings of the server beside ours, or in their place. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class EmbeddedServer {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #binaries: ServerBinaries;
  readonly #user: ServerUser;
  readonly #cluster: Cluster;
  readonly #url_file: string;
  readonly #log_file: string;
  #port = 0;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor({ data_dir, clock, log, settings }: EmbeddedServerOptions) {
    const root = resolve(data_dir);
    this.#settings = settings ?? {};
    this.#clock = clock;
    this.#log = log;
    this.#url_file = join(root, "postgres.url");
    this.#log_file = join(root, "postgres.log");
    this.#binaries = findServerBinaries();
    this.#user = chooseServerUser(this.#binaries.postgres, root);
    this.#cluster = openCluster(root, this.#binaries.initdb, this.#user);
  }

  /**
   * Starts the server of `data_dir` (which the caller has locked), making it where there is none.
   * @throws ForetickError STORE_SERVER, STORE_VERSION with what a person can do.
   */
  static async start(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
    const server = new EmbeddedServer(options);
    server.#port = portOf(server.#url_file);
    await server.#launch();
    return server;
  }

  /** Whether the cluster was made by this start. */
  get fresh(): boolean {
    return this.#cluster.fresh;
  }

  /** The server's own process id; undefined while it is down. */
  get pid(): number | undefined {
    return this.#child ? readPidFile(this.#cluster.directory)?.pid : undefined;
  }

  /**
   * For `psql` and for us; holds the password. Also in `<data_dir>/postgres.url`. This server offers no TLS, and
   * says so: a PGSSLMODE in the environment is meant for another one.
   */
  url(database = "foretick"): string {
    const login = `${CLUSTER_USER}:${this.#cluster.password}`;
    return `postgres://${login}@127.0.0.1:${this.#port}/${database}?sslmode=disable`;
  }

  /** Fast shutdown: open sessions are ended, everything committed is on disk. */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #launch(): Promise<void> {
    await clearLeftover(this.#cluster.directory, this.#clock, this.#log);
    for (let attempt = 1; ; attempt++) {
      this.#port ||= await freePort();
      const log_start = this.#spawn();
      if (await this.#becomesReady()) break;
      const said = readFileSync(this.#log_file).subarray(log_start).toString("utf8");
      // A port taken meanwhile, or memory that a killed server's last child still holds: both pass.
      const passes = /could not bind|could not create any TCP\/IP|shared memory block .* still in use/.test(
        said,
      );
      if (!passes || attempt === START_ATTEMPTS || this.#closing) {
        return fail(
          "STORE_SERVER",
          `the embedded database expected to start, did not: ${said.trim().slice(-1_000)} (see ${this.#log_file})`,
        );
      }
      if (/bind|TCP/.test(said)) this.#port = 0;
      await sleep(this.#clock, 100 * attempt);
    }
    writeFileSync(this.#url_file, `${this.url()}\n`, { mode: 0o600 });
  }

  /** Returns where in the log file this start begins. */
  #spawn(): number {
    const { directory } = this.#cluster;
    const command = watchedServer(this.#binaries.postgres, directory, {
      ...this.#settings,
      port: String(this.#port),
    });
    const { file, args, options } = this.#user.launch("/bin/sh", command);
    const size = statSync(this.#log_file, { throwIfNoEntry: false })?.size ?? 0;
    const keep = size <= LIMITS.server_log_bytes_max;
    const log_fd = openSync(this.#log_file, keep ? "a" : "w", 0o600);
    const child = spawn(file, args, {
      ...options,
      env: serverEnvironment(),
      detached: true,
      stdio: ["pipe", log_fd, log_fd],
    });
    closeSync(log_fd);
    child.unref();
    child.stdin?.on("error", () => {});
    this.#child = child;
    this.#exited = new Promise((done) => {
      const gone = (): void => {
        if (this.#child === child) this.#child = undefined;
        done();
      };
      child.once("exit", gone);
      child.once("error", gone);
    });
    return keep ? size : 0;
  }

  /** false: it exited instead. From then on an exit that was not asked for starts it again. */
  async #becomesReady(): Promise<boolean> {
    const child = this.#child;
    const deadline_us = this.#clock.monotonicUs() + START_DEADLINE_MS * 1_000;
    while (this.#child === child && child && this.#clock.monotonicUs() < deadline_us) {
      const found = readPidFile(this.#cluster.directory);
      if (found?.ready && found.port === this.#port) {
        void this.#exited.then(() => this.#revive());
        return true;
      }
      await sleep(this.#clock, POLL_MS);
    }
    child?.stdin?.end();
    await this.#exited;
    return false;
  }

  async #revive(): Promise<void> {
    for (let wait_ms = 250; !this.#closing; wait_ms = Math.min(wait_ms * 2, RESTART_MS_MAX)) {
      this.#log.error({ log: this.#log_file }, "the embedded database stopped by itself: starting it again");
      await sleep(this.#clock, wait_ms);
      if (this.#closing) return;
      try {
        return await this.#launch();
      } catch (error) {
        this.#log.error(describeError(error));
      }
    }
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const pid = this.pid;
    child.stdin?.end();
    const late = this.#clock.after(STOP_DEADLINE_MS, () => {
      this.#log.error({ pid }, "the embedded database did not stop in time: stopping it at once");
      if (pid) process.kill(pid, "SIGQUIT");
    });
    await this.#exited;
    late.cancel();
  }
}

/** The port of the last run, so that its address stays good; 0 where there was none. */
function portOf(url_file: string): number {
  try {
    return Number(new URL(readFileSync(url_file, "utf8").trim()).port);
  } catch {
    return 0;
  }
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });
}
