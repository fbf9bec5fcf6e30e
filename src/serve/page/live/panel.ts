/** One panel that asks by itself: loading, empty, shown, no longer renewed, not allowed, each said in words. */

import { type Answer, ask } from "../ask/ask.ts";
import { byId, make, small } from "../draw/dom.ts";
import { timeText } from "../words.ts";

export interface PanelOptions<Body> {
  /** Of the element that is filled. */
  readonly id: string;
  readonly every_ms: number;
  /** What is asked; a sentence as `wait` while there is no sense in asking. */
  path(): string | { readonly wait: string };
  draw(place: HTMLElement, body: Body): void;
}

export class Panel<Body> {
  readonly #options: PanelOptions<Body>;
  readonly #place: HTMLElement;
  readonly #note = make("p", { class: "small stale", role: "status" });
  #asked_ms = Number.NEGATIVE_INFINITY;
  #drawn_at: number | undefined;
  #busy = false;

  constructor(options: PanelOptions<Body>) {
    this.#options = options;
    this.#place = byId(options.id);
  }

  /** Asks where it is due and somebody can see it. */
  async look(): Promise<void> {
    const due = performance.now() - this.#asked_ms >= this.#options.every_ms;
    if (this.#busy || !due || this.#place.offsetParent === null) return;
    const path = this.#options.path();
    if (typeof path !== "string") return this.#say(path.wait);
    this.#busy = true;
    this.#asked_ms = performance.now();
    this.#show(await ask<Body>(path));
    this.#busy = false;
  }

  #show(answer: Answer<Body>): void {
    if (answer.kind !== "ok") {
      this.#say(answer.why);
      return;
    }
    this.#drawn_at = Date.now() / 1_000;
    this.#options.draw(this.#place, answer.body);
  }

  /** What was shown stays, with the time it is of. */
  #say(why: string): void {
    if (this.#drawn_at === undefined) {
      if (this.#place.textContent !== why) this.#place.replaceChildren(small(why));
      return;
    }
    this.#note.textContent = `As of ${timeText(this.#drawn_at)}. ${why}`;
    this.#place.append(this.#note);
  }
}
