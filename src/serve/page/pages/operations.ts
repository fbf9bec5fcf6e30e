/** Operations: every part of the service in words, with what to do; what was wrong lately; how much comes in. */

import type { AlertsJson } from "../../messages/alerts.ts";
import type { HealthJson } from "../../messages/health.ts";
import { type Answer, ask, heldKey, keyHeaders, post } from "../ask/ask.ts";
import { confirmChange, forgetButton, keyForm } from "../ask/key.ts";
import { card, make, showList, small, table, tag } from "../draw/dom.ts";
import { showNone, showNow, showStale } from "../draw/stale.ts";
import type { PageContext } from "../page_context.ts";
import { ageText, count, dayTimeText } from "../words.ts";
import { settingsCard } from "./settings.ts";

const STATUS_WORDS = {
  ok: "All is well.",
  degraded: "It serves, and something wants a look.",
  down: "It does not serve: its answers are not worth having now.",
} as const;

/** Frames received, when they were counted last. */
let frames: { readonly at_ms: number; readonly total: number } | undefined;

export async function show({ place, again }: PageContext): Promise<void> {
  const [health, alerts] = await Promise.all([healthOf(), ask<AlertsJson>("/alerts?limit=20")]);
  const title = make("h2", { class: "page-title" }, "Operations");
  if ("why" in health) {
    if (health.kind === "not allowed") showNone(place, title, keyForm(health.why, again));
    else showStale(place, title, health.why);
    return;
  }
  const head = make("dl", {});
  showList(head, [
    ["Version", health.version],
    ["Runs for", ageText(1_000 * health.uptime_s)],
    ["Makes progress", health.live ? "yes" : "no", !health.live],
    ["Frames from the exchange", frameRate(health)],
  ]);
  const order = { down: 0, degraded: 1, ok: 2 };
  const parts = [...health.dependencies].sort((one, other) => order[one.state] - order[other.state]);
  const settings = await settingsCard(place.querySelector("#part-settings[open]") !== null);
  const open = new Set([...place.querySelectorAll("details[open]")].map((one) => one.id));
  showNow(
    place,
    make("div", { class: "row" }, title, heldKey() === null ? "" : forgetButton(again)),
    card(
      "The service",
      make("p", { class: "said", "data-status": health.status }, STATUS_WORDS[health.status]),
      head,
    ),
    card("Its parts", make("div", { class: "parts" }, ...parts.map((part) => partOf(part, open)))),
    alerts.kind === "ok" ? alertsOf(alerts.body, again) : card("Alerts", make("p", {}, alerts.why)),
    settings,
  );
}

/** Its answer is worth reading also where it says 503. */
async function healthOf(): Promise<HealthJson | Exclude<Answer<unknown>, { kind: "ok" }>> {
  try {
    const answer = await fetch("/health", { headers: keyHeaders(), signal: AbortSignal.timeout(10_000) });
    const body = (await answer.json()) as HealthJson | { readonly detail?: string };
    if ("dependencies" in body) return body;
    const why = body.detail ?? `The service answered ${answer.status}.`;
    const refused = answer.status === 401 || answer.status === 403;
    return refused ? { kind: "not allowed", why } : { kind: "none", why, status: answer.status };
  } catch {
    return { kind: "cut off", why: "The service does not answer. It is asked again every five seconds." };
  }
}

/** By what the feed has counted, now and the time before. */
function frameRate({ dependencies }: HealthJson): string {
  const total = dependencies.find(({ name }) => name === "feed")?.facts.frames;
  if (typeof total !== "number") return "not counted here";
  const before = frames;
  frames = { at_ms: performance.now(), total };
  if (!before || total < before.total) return `${count(total)} so far`;
  return `${((1_000 * (total - before.total)) / (frames.at_ms - before.at_ms)).toFixed(1)} a second`;
}

function partOf(
  { name, state, reason, to_do, facts }: HealthJson["dependencies"][number],
  open: ReadonlySet<string>,
): HTMLElement {
  const list = make("dl", {});
  showList(
    list,
    Object.entries(facts).map(([fact, value]) => [fact.replaceAll("_", " "), factText(value)]),
  );
  const id = `part-${name.replaceAll(/\W+/g, "-")}`;
  const head = make("summary", {}, tag(state), ` ${name}`);
  const facts_of = make(
    "details",
    { id },
    head,
    Object.keys(facts).length > 0 ? list : small("Nothing more to know."),
  );
  facts_of.open = open.has(id);
  return make(
    "div",
    { class: "part" },
    facts_of,
    reason === null ? "" : make("p", {}, `${reason}.`.replace(/\.\.$/, ".")),
    to_do === null ? "" : small(`What to do: ${to_do}`),
  );
}

const factText = (value: string | number | boolean | null): string =>
  value === null
    ? "–"
    : typeof value === "boolean"
      ? value
        ? "yes"
        : "no"
      : typeof value === "number"
        ? Number.isInteger(value)
          ? count(value)
          : value.toPrecision(5)
        : value;

const HOUR_S = 3_600;

function alertsOf({ open, recent, silences }: AlertsJson, again: () => void): HTMLElement {
  const silence = (rule: string): HTMLElement | string => {
    if (heldKey() === null) return "";
    const button = make("button", { type: "button" }, "Silence …");
    button.setAttribute("aria-label", `Silence ${rule}`);
    button.onclick = () =>
      confirmChange(
        {
          title: `Silence ${rule} for an hour`,
          says: [
            "Nobody is told of it for an hour, by any channel. It stays open here, and what is wrong stays wrong.",
          ],
          verb: "Silence",
          act: () => post("/alerts/silence", { rule, for_s: HOUR_S }),
        },
        again,
      );
    return button;
  };
  const rows = [...open, ...recent.filter(({ state }) => state !== "open")];
  const quiet = silences.map(({ rule, until }) => `${rule} until ${dayTimeText(until)}`).join(", ");
  const list =
    rows.length === 0
      ? small("None is open and none was lately.")
      : table(
          "Alerts",
          [
            {
              title: "Alert",
              wrap: true,
              cell: ({ title, symbol }) => (symbol === null ? title : `${title}, ${symbol}`),
            },
            { title: "State", cell: ({ state }) => tag(state) },
            { title: "Since", cell: ({ started_at }) => dayTimeText(started_at) },
            {
              title: "Over",
              cell: ({ resolved_at }) => (resolved_at === null ? "–" : dayTimeText(resolved_at)),
            },
            {
              title: "What can be done",
              unseen: true,
              cell: ({ rule, state }) => (state === "open" ? silence(rule) : ""),
            },
          ],
          rows,
        );
  const todo = open.map(({ title, remedy }) => small(`${title}: ${remedy}`));
  return card(
    "Alerts",
    list,
    ...todo,
    quiet ? small(`Silenced: ${quiet}.`) : "",
    heldKey() === null && open.length > 0
      ? keyForm("With an operator's key an alert can be silenced.", again)
      : "",
  );
}
