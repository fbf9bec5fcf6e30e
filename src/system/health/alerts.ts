/** The alerts as the service shows them: whether people are reached, in its health; what is open, in its metrics. */

import type { Metrics } from "../../base/metrics.ts";
import type { Dependency } from "../../serve/ports.ts";
import type { Alerts } from "../../steer/alerts/alerts.ts";

/** What is wrong is said by the parts that are; this part says whether anybody is told. */
export function alertsHealth(alerts: Alerts | undefined): Dependency {
  const channels = alerts?.deliveries ?? [];
  const silent = channels.filter(({ last_error }) => last_error !== undefined);
  const [first] = silent;
  const reason = first
    ? `${silent.map(({ channel }) => channel.name).join(", ")} does not take messages: ${first.last_error!.message}`
    : null;
  return {
    name: "alerts",
    state: reason === null ? "ok" : "degraded",
    reason,
    facts: {
      channels: channels.map(({ channel }) => channel.name).join(", ") || null,
      open: alerts?.open.length ?? 0,
      messages_waiting: alerts?.untold ?? 0,
      messages_given_up: channels.reduce((sum, { counters }) => sum + counters.given_up, 0),
      silenced: alerts?.silences.map(({ rule }) => rule).join(", ") || null,
    },
  };
}

export function registerAlertMetrics(metrics: Metrics, alerts: () => Alerts | undefined): void {
  metrics.observe("gauge", "foretick_alerts_open", "Open alerts, by the rule that leads", () => {
    const found = alerts();
    return (found?.rules ?? []).map(({ name: rule }) => ({
      labels: { rule },
      value: found!.open.filter((alert) => alert.rule === rule).length,
    }));
  });
  metrics.observe(
    "counter",
    "foretick_alert_messages_total",
    "Messages to channels, by what became of them",
    () =>
      (alerts()?.deliveries ?? []).flatMap(({ channel, counters }) =>
        Object.entries(counters).map(([status, value]) => ({
          labels: { channel: channel.name, status },
          value,
        })),
      ),
  );
  metrics.observe(
    "counter",
    "foretick_alert_events_dropped_total",
    "Events of other parts dropped because too many waited",
    () => alerts()?.events_dropped ?? 0,
  );
}
