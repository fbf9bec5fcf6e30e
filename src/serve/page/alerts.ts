/** What is wrong now, above everything else: one box an alert, with since when and what to do. */

import type { AlertJson, AlertsJson } from "../messages/alerts.ts";
import { ask } from "./ask/ask.ts";
import { timeText } from "./words.ts";

/** Asks and shows; what was last known stays where there is no answer. */
export async function showAlerts(place: HTMLElement): Promise<void> {
  const answer = await ask<AlertsJson>("/alerts?limit=1");
  // The next look asks again.
  if (answer.kind !== "ok") return;
  const { open } = answer.body;
  place.hidden = open.length === 0;
  // The gravest first, then as the service orders them: the newest first.
  const urgent = (one: AlertJson): number => Number(one.severity === "urgent");
  place.replaceChildren(...[...open].sort((one, other) => urgent(other) - urgent(one)).map(box));
}

function box({ title, symbol, severity, summary, started_at, remedy }: AlertJson): HTMLElement {
  const article = document.createElement("article");
  article.className = "alert";
  article.dataset.severity = severity;
  const add = (tag: "h2" | "p", text: string, name = ""): void => {
    const element = document.createElement(tag);
    element.textContent = text;
    element.className = name;
    article.append(element);
  };
  add("h2", symbol === null ? title : `${title}, ${symbol}`);
  add("p", `${severity}, since ${timeText(Date.parse(started_at) / 1_000)}: ${summary}`);
  add("p", remedy, "small");
  return article;
}
