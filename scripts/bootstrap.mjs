/**
 * Starts a command of the project on a machine that has only Node ≥ 20 and npm: installs what the lockfile
 * pins when that has not been done yet, then hands over to the pinned Bun. Plain Node, no dependency.
 *
 *   node scripts/bootstrap.mjs <demo | serve | test | …> [arguments]
 */

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const stamp = join(modules, ".installed-lockfile");
const bun = join(modules, "bun", "bin", "bun.exe");
const [command, ...rest] = process.argv.slice(2);

function stop(sentence) {
  console.error(sentence);
  process.exit(1);
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (error || status !== 0) {
    stop(`${program} ${args.join(" ")} failed${error ? `: ${error.message}` : ""}. The lines above say why.`);
  }
}

function install() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(bun) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.error("Installing the pinned dependencies (once, about a minute) …");
  // No install script runs but Bun's own: the others would download what is not needed or set up what the
  // service sets up itself (the embedded database's library links).
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  run(process.execPath, [join(modules, "bun", "install.js")]);
  writeFileSync(stamp, wanted);
}

const major = Number(process.versions.node.split(".")[0]);
if (major < 20)
  stop(`Node 20 or newer is needed, this is ${process.version}. Install a newer Node and try again.`);
const script = command && join(root, "scripts", `${command}.ts`);
if (!script || !existsSync(script))
  stop(`There is no command ${command ?? ""}: see "scripts" in package.json.`);

install();
const child = spawn(bun, [script, ...rest], { cwd: root, stdio: "inherit" });
// A Ctrl-C reaches the child by itself (same terminal); the parent only waits for its orderly end.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
