/** Image, compose, Fly.io and systemd: each file as far as it can be checked without the platform. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Environment,
  expectAnswered,
  expectCommand,
  expectPinned,
  expectSettings,
  ROOT,
  text,
  toml,
  yaml,
} from "./files.ts";

describe("the image", () => {
  const lines = text("Dockerfile").split("\n");
  const words = (instruction: string): string[] =>
    lines.flatMap((line) => (line.startsWith(`${instruction} `) ? [line.slice(instruction.length + 1)] : []));
  const list = (instruction: string): string[] => JSON.parse(words(instruction)[0]!) as string[];

  it("is made of pinned images and files that exist", () => {
    for (const from of words("FROM")) expectPinned(from.split(" ")[0]!);
    const copied = words("COPY").filter((line) => !line.startsWith("--from"));
    const sources = copied.flatMap((line) => line.split(" ").slice(0, -1));
    expect(sources.length).toBeGreaterThan(8);
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    for (const script of words("RUN").filter((line) => line.startsWith("ops/"))) {
      expect(statSync(join(ROOT, script)).mode & 0o111).not.toBe(0);
    }
  });

  it("runs as an ordinary user with settings there are, and is checked without a second Bun", () => {
    expect(words("USER")).toEqual(["1000:1000"]);
    expectSettings(
      Object.fromEntries(
        words("ENV")[0]!
          .split(" ")
          .map((pair) => pair.split("=", 2)),
      ),
    );
    expectCommand(list("CMD"));
    const check = lines.find((line) => line.startsWith("HEALTHCHECK "))!;
    const script = /"\/app\/(\S+)"/.exec(check)![1]!;
    expect(statSync(join(ROOT, script)).mode & 0o111).not.toBe(0);
    expect(text(script)).not.toMatch(/^[^#]*\b(bun|node|curl|wget)\b/m);
    expectAnswered(/GET (\/[\w/]+)/.exec(text(script).replace(/^#.*$/gm, ""))![1]!);
  });

  it("tells by its health check whether the service makes progress", async () => {
    let status = 200;
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("", { status }) });
    const check = async (environment: Environment): Promise<number> =>
      Bun.spawn([join(ROOT, "ops/image/healthcheck.sh")], {
        ...{ stdout: "ignore", stderr: "ignore" },
        env: { PATH: "/usr/bin:/bin", PORT: String(server.port), ...environment },
      }).exited;
    try {
      expect(await check({})).toBe(0);
      status = 503;
      expect(await check({})).toBe(1);
    } finally {
      await server.stop(true);
    }
    expect(await check({})).toBe(1);
    expect(await check({ ROLE: "worker" })).toBe(0);
  });
});

interface ComposeService {
  readonly image: string;
  readonly build?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly environment?: Environment;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
}

describe("compose.yaml", () => {
  const { services, volumes } = yaml<{
    services: Record<string, ComposeService>;
    volumes: Record<string, null>;
  }>("compose.yaml");
  const ours = Object.entries(services).filter(([, { build }]) => build !== undefined);
  /** As compose does where nobody has set anything. */
  const filled = (value: string): string => value.replace(/\$\{\w+:-([^}]*)\}/g, "$1");

  it("starts every role with settings there are", () => {
    expect(ours.map(([, { environment }]) => environment?.ROLE)).toEqual(["ingest", "api", "worker"]);
    for (const [, { environment, read_only, cap_drop }] of ours) {
      expectSettings(
        Object.fromEntries(Object.entries(environment!).map(([name, value]) => [name, filled(value)])),
      );
      expect({ read_only, cap_drop }).toEqual({ read_only: true, cap_drop: ["ALL"] });
    }
  });

  it("has pinned images, folders and volumes that exist, ports on this machine alone, and waits for what can be ready", () => {
    for (const [name, service] of Object.entries(services)) {
      if (!service.build) expectPinned(service.image);
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
      for (const volume of service.volumes ?? []) {
        const from = volume.split(":")[0]!;
        expect(from.startsWith("./") ? existsSync(join(ROOT, from)) : from in volumes).toBe(true);
      }
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect([name, other in services]).toEqual([name, true]);
        // The image brings its own check.
        if (condition === "service_healthy") {
          expect(services[other]!.healthcheck ?? services[other]!.build).toBeDefined();
        }
      }
    }
  });
});

interface Fly {
  readonly env: Environment;
  readonly build: { readonly dockerfile: string };
  readonly deploy?: { readonly release_command: string };
  readonly processes?: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly destination: string; readonly processes?: readonly string[] }[];
  readonly http_service: {
    readonly internal_port: number;
    readonly auto_stop_machines: string;
    readonly processes?: readonly string[];
    readonly checks: readonly { readonly path: string }[];
  };
  readonly checks?: Readonly<Record<string, { readonly port: number; readonly path: string }>>;
  readonly metrics: readonly {
    readonly port: number;
    readonly path: string;
    readonly processes?: readonly string[];
  }[];
}

describe("Fly.io", () => {
  for (const path of ["fly.toml", "deploy/fly.one.toml"]) {
    it(`${path}: settings, commands, ports and paths are the service's`, () => {
      const fly = toml<Fly>(path);
      expectSettings(fly.env);
      expect(existsSync(join(ROOT, path, "..", fly.build.dockerfile))).toBe(true);
      const commands = [...Object.values(fly.processes ?? {}), fly.deploy?.release_command ?? []].flat();
      for (const command of commands) expectCommand(command.split(" "));
      const checks = [...fly.http_service.checks, ...Object.values(fly.checks ?? {}), ...fly.metrics];
      for (const { path } of checks) expectAnswered(path);
      const ports = [...fly.metrics, ...Object.values(fly.checks ?? {})].map(({ port }) => port);
      expect(new Set([fly.http_service.internal_port, ...ports])).toEqual(new Set([Number(fly.env.PORT)]));
      expect(fly.mounts[0]!.destination).toBe(fly.env.DATA_DIR!);
      const groups = Object.keys(fly.processes ?? {});
      const named = JSON.stringify(fly).matchAll(/"processes":\[([^\]]*)\]/g);
      for (const [, found] of named) {
        for (const group of JSON.parse(`[${found}]`) as string[]) expect(groups).toContain(group);
      }
    });
  }

  it("never puts to sleep what watches the market", () => {
    const { http_service, processes, mounts } = toml<Fly>("fly.toml");
    expect(Object.keys(processes!)).toEqual(["ingest", "api", "worker"]);
    expect(http_service.processes).toEqual(["api"]);
    expect(mounts[0]!.processes).toEqual(["ingest"]);
    expect(toml<Fly>("deploy/fly.one.toml").http_service.auto_stop_machines).toBe("off");
  });
});

describe("systemd", () => {
  const analyze = Bun.which("systemd-analyze");
  for (const unit of ["foretick.service", "foretick@.service"]) {
    const lines = text(`deploy/systemd/${unit}`).replaceAll("%i", "ingest").split("\n");
    const values = (name: string): string[] =>
      lines.flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []));

    it(`${unit}: settings and command are the service's, its data where it may write`, () => {
      const environment = Object.fromEntries(
        values("Environment").flatMap((line) => line.split(" ").map((pair) => pair.split("=", 2))),
      ) as Environment;
      expectSettings(environment);
      expectCommand(values("ExecStart")[0]!.split(" "));
      expect(environment.DATA_DIR).toBe(join("/var/lib", values("StateDirectory")[0]!));
    });

    it.skipIf(!analyze)(`${unit}: systemd understands it, and finds little exposed`, () => {
      const folder = mkdtempSync(join(tmpdir(), "foretick-unit-"));
      try {
        const path = join(folder, unit.replace("@", "@ingest"));
        const here = text(`deploy/systemd/${unit}`)
          .replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`)
          .replaceAll("/opt/foretick", ROOT);
        writeFileSync(path, here);
        const verified = spawnSync(analyze!, ["verify", path], { encoding: "utf8" });
        expect(verified.stderr.split("\n").filter((line) => line.includes("foretick"))).toEqual([]);
        // Of 100: an unhardened unit has 96.
        const looked = spawnSync(analyze!, ["security", "--offline=yes", "--threshold=20", path]);
        expect(looked.status).toBe(0);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
