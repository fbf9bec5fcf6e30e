/** The manifests hang together, and hold what they promise: another user, a read-only root, probes, budgets. */

import { describe, expect, it } from "vitest";
import {
  type Environment,
  expectAnswered,
  expectCommand,
  expectPinned,
  expectSettings,
  yaml,
} from "./files.ts";

type Labels = Readonly<Record<string, string>>;

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly envFrom: readonly Record<string, { readonly name: string }>[];
  readonly securityContext: object;
  readonly resources: { readonly requests: object; readonly limits: object };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}

interface Pod {
  readonly metadata: { readonly labels: Labels };
  readonly spec: {
    readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number };
    readonly containers: readonly Container[];
    readonly volumes: readonly { readonly name: string }[];
  };
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Environment;
  readonly stringData?: Environment;
  readonly spec?: {
    readonly template?: Pod;
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    readonly ports?: readonly { readonly targetPort: string }[];
  };
}

const manifests = yaml<Manifest[]>("deploy/kubernetes/foretick.yaml");
const secret = yaml<Manifest>("deploy/kubernetes/secret.example.yaml");
const API_OF: Readonly<Record<string, string>> = {
  ...{ Namespace: "v1", ConfigMap: "v1", Service: "v1", Job: "batch/v1" },
  ...{ StatefulSet: "apps/v1", Deployment: "apps/v1", PodDisruptionBudget: "policy/v1" },
};
const workloads = manifests.filter(({ spec }) => spec?.template);
const pods = workloads.map(({ spec }) => spec!.template!);
const matches = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([name, value]) => labels[name] === value);

describe("the Kubernetes manifests", () => {
  it("are of kinds there are, in their namespace, each name once", () => {
    for (const { apiVersion, kind } of manifests) expect([kind, apiVersion]).toEqual([kind, API_OF[kind]!]);
    const spaces = manifests
      .filter(({ kind }) => kind !== "Namespace")
      .map(({ metadata }) => metadata.namespace);
    expect(new Set(spaces)).toEqual(new Set(["foretick"]));
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it("start the service with settings there are, from objects there are", () => {
    const settings = manifests.find(({ kind }) => kind === "ConfigMap")!;
    expectSettings({ ...settings.data, ...secret.stringData });
    expect(secret.metadata).toEqual(settings.metadata);
    for (const { containers } of pods.map(({ spec }) => spec)) {
      for (const { envFrom } of containers) {
        expect(envFrom.flatMap((from) => Object.values(from)).map(({ name }) => name)).toEqual([
          settings.metadata.name,
          secret.metadata.name,
        ]);
      }
    }
  });

  it("run as an ordinary user on a read-only root without capabilities, with limits, and mount what they name", () => {
    expect(pods.length).toBe(4);
    for (const [i, { spec }] of pods.entries()) {
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
      const claims = workloads[i]!.spec!.volumeClaimTemplates ?? [];
      const volumes = [
        ...spec.volumes.map(({ name }) => name),
        ...claims.map(({ metadata }) => metadata.name),
      ];
      for (const container of spec.containers) {
        expectPinned(container.image);
        expectCommand(container.command ?? container.args!);
        expect(container.securityContext).toEqual({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
        });
        expect(container.resources).toMatchObject({ requests: {}, limits: {} });
        const mounts = container.volumeMounts.map(({ name }) => name);
        expect(mounts.filter((name) => !volumes.includes(name))).toEqual([]);
        expect(container.volumeMounts.map(({ mountPath }) => mountPath).sort()).toEqual(["/data", "/tmp"]);
      }
    }
  });

  it("probe what listens at paths it answers, and what stands by is not taken for broken", () => {
    const listening = pods.flatMap(({ metadata, spec }) =>
      spec.containers
        .filter(({ ports }) => ports)
        .map((container) => ({ role: metadata.labels.role, container })),
    );
    expect(listening.map(({ role }) => role)).toEqual(["ingest", "api"]);
    for (const { role, container } of listening) {
      const { startupProbe, livenessProbe, readinessProbe, ports } = container;
      for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
        expectAnswered(probe!.httpGet.path);
        expect(ports!.map(({ name }) => name)).toContain(probe!.httpGet.port);
      }
      expect(readinessProbe!.httpGet.path).toBe(role === "api" ? "/health/ready" : "/health/live");
    }
  });

  it("choose pods there are, by services and by budgets", () => {
    for (const { spec } of workloads) {
      const selector = spec!.selector?.matchLabels;
      if (selector) expect(matches(selector, spec!.template!.metadata.labels)).toBe(true);
    }
    const chosen = (kind: string, selectorOf: (one: Manifest) => Labels): (string | undefined)[] =>
      manifests
        .filter((one) => one.kind === kind)
        .map((one) => pods.filter(({ metadata }) => matches(selectorOf(one), metadata.labels)))
        .map((found) => (found.length === 1 ? found[0]!.metadata.labels.role : undefined));
    expect(chosen("Service", ({ spec }) => spec!.selector!)).toEqual(["ingest", "api"]);
    expect(chosen("PodDisruptionBudget", ({ spec }) => spec!.selector!.matchLabels!)).toEqual([
      "ingest",
      "api",
    ]);
  });
});
