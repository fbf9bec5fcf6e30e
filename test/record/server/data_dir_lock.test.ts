import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ForetickError } from "../../../src/base/errors.ts";
import { lockDataDir } from "../../../src/record/server/embedded/data_dir_lock.ts";
import { tempDir } from "./temp_dir.ts";

const source = fileURLToPath(
  new URL("../../../src/record/server/embedded/data_dir_lock.ts", import.meta.url),
);

/** A process that takes `directory` and then waits, or says why it could not. */
function holder(directory: string): { said: Promise<string>; child: ReturnType<typeof spawn> } {
  const program = `
    const { lockDataDir } = await import(${JSON.stringify(source)});
    try { lockDataDir(${JSON.stringify(directory)}); console.log("held"); setInterval(() => {}, 1000); }
    catch (error) { console.log(error.code); }`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const said = new Promise<string>((done) => child.stdout!.once("data", (data) => done(String(data).trim())));
  return { said, child };
}

describe("data directory lock", () => {
  let directory = "";
  beforeEach(() => {
    directory = join(tempDir(), "data");
  });
  afterEach(() => rmSync(join(directory, ".."), { recursive: true, force: true }));

  it("lets one process in and names it to the next", async () => {
    const { said, child } = holder(directory);
    expect(await said).toBe("held");
    try {
      lockDataDir(directory);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ForetickError);
      expect(error).toMatchObject({ code: "STORE_DATA_DIR", details: { pid: child.pid } });
      expect((error as Error).message).toContain(`process ${child.pid}`);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("takes over from a process that was killed", async () => {
    const { said, child } = holder(directory);
    expect(await said).toBe("held");
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
    lockDataDir(directory).release();
  });

  it("takes over from a process whose id now belongs to another", () => {
    lockDataDir(directory).release();
    writeFileSync(join(directory, "foretick.lock"), `${process.ppid}\nlong ago\n`);
    lockDataDir(directory).release();
    // The same in a container, where ids repeat: our own id, an earlier start.
    writeFileSync(join(directory, "foretick.lock"), `${process.pid}\nlong ago\n`);
    lockDataDir(directory).release();
  });

  it("refuses a second opening within one process, and is free after release, which may be called twice", () => {
    const lock = lockDataDir(directory);
    expect(() => lockDataDir(directory)).toThrow(/this process/);
    lock.release();
    const next = lockDataDir(directory);
    lock.release();
    expect(readFileSync(join(directory, "foretick.lock"), "utf8")).toContain(String(process.pid));
    next.release();
    expect(existsSync(join(directory, "foretick.lock"))).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("goes to exactly one of many processes that start together over a stale lock", async () => {
    lockDataDir(directory).release();
    writeFileSync(join(directory, "foretick.lock"), `${process.pid}\nlong ago\n`);
    const holders = Array.from({ length: 4 }, () => holder(directory));
    const said = await Promise.all(holders.map((one) => one.said));
    for (const { child } of holders) child.kill("SIGKILL");
    expect(said.sort()).toEqual(["STORE_DATA_DIR", "STORE_DATA_DIR", "STORE_DATA_DIR", "held"]);
  });
});
