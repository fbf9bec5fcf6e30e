/** What a page shows once it is no longer renewed: what it showed, with the time it is of and why; else the reason alone. */

import { timeText } from "../words.ts";
import { make } from "./dom.ts";

/** Nothing of the page was shown yet: it is another one, or a key is asked for. */
export function showNone(place: HTMLElement, ...nodes: readonly Node[]): void {
  delete place.dataset.shown;
  place.replaceChildren(...nodes);
}

/** Fills the place with what is so now. */
export function showNow(place: HTMLElement, ...nodes: readonly (Node | string)[]): void {
  place.replaceChildren(...nodes);
  place.dataset.shown = String(Date.now() / 1_000);
}

/** @param heading of the page, where nothing of it was shown yet. */
export function showStale(place: HTMLElement, heading: HTMLElement, why: string): void {
  const note = place.querySelector(".stale");
  const says = `As of ${timeText(Number(place.dataset.shown))}. ${why}`;
  if (place.dataset.shown === undefined) {
    place.replaceChildren(heading, make("p", { class: "notice", role: "status" }, why));
  } else if (note) {
    note.textContent = says;
  } else {
    place.firstElementChild?.after(make("p", { class: "small stale", role: "status" }, says));
  }
}
