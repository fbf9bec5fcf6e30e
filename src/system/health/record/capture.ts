/** The captures as the service shows them: health and metrics. Nothing where CAPTURE is off. */

import type { Metrics } from "../../../base/metrics.ts";
import type { Dependency } from "../../../serve/ports.ts";
import type { Capture } from "../../capture/capture.ts";

export function captureHealth(capture: Capture | undefined): Dependency[] {
  if (!capture) return [];
  const { folder } = capture;
  const logs = [...capture.logs.values()];
  const sum = (read: (log: (typeof logs)[number]) => number): number =>
    logs.reduce((total, log) => total + read(log), 0);
  const refused = logs.find((log) => log.last_error !== undefined)?.last_error;
  const reason = refused
    ? `inputs are not captured: ${refused}. What is left out cannot be replayed`
    : (folder.last_error ?? null);
  const { bytes, parts, parts_sent } = folder.stats;
  const facts = {
    ...{ bytes, parts, parts_sent },
    records: sum(({ stats }) => stats.records),
    records_lost: sum(({ stats }) => stats.records_lost),
    queued_bytes: sum(({ queued_bytes }) => queued_bytes),
  };
  return [{ name: "capture", state: reason === null ? "ok" : "degraded", reason, facts }];
}

export function registerCaptureMetrics(metrics: Metrics, capture: Capture | undefined): void {
  const perSymbol = (
    kind: "counter" | "gauge",
    name: string,
    help: string,
    read: (log: NonNullable<ReturnType<Capture["logs"]["get"]>>) => number,
  ): void =>
    metrics.observe(kind, `foretick_capture_${name}`, help, () =>
      [...(capture?.logs ?? [])].map(([symbol, log]) => ({ labels: { symbol }, value: read(log) })),
    );
  perSymbol("counter", "records_total", "Inputs and outputs captured", ({ stats }) => stats.records);
  perSymbol(
    "counter",
    "records_lost_total",
    "Of these, left out because the disk was slow, full or broken",
    ({ stats }) => stats.records_lost,
  );
  perSymbol(
    "counter",
    "written_bytes_total",
    "Bytes of captures on the disk",
    (log) => log.stats.bytes_written,
  );
  perSymbol("gauge", "queued_bytes", "Bytes of captures that wait for the disk", (log) => log.queued_bytes);
  const whole = (
    kind: "counter" | "gauge",
    name: string,
    help: string,
    read: (of: Capture) => number,
  ): void => metrics.observe(kind, `foretick_capture_${name}`, help, () => (capture ? read(capture) : 0));
  whole("gauge", "folder_bytes", "Bytes of all captures kept", ({ folder }) => folder.stats.bytes);
  whole("counter", "parts_sent_total", "Parts copied to the store", ({ folder }) => folder.stats.parts_sent);
  whole(
    "counter",
    "parts_removed_total",
    "Parts removed because of their age or their bytes",
    ({ folder }) => folder.stats.parts_removed,
  );
}
