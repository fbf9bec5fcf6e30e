/** The key of a reader or operator: asked for where a page needs one, kept in this tab only, and what is asked before a change. */

import { card, make, small } from "../draw/dom.ts";
import { showNone, showNow, showStale } from "../draw/stale.ts";
import { type Answer, forgetKey, heldKey, holdKey } from "./ask.ts";

/** What a page shows instead of its own where there is no key, or one that may not read it. */
export function keyForm(why: string, again: () => void): HTMLElement {
  const input = make("input", {
    id: "key",
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    required: "",
  });
  const form = make(
    "form",
    { class: "row" },
    make("label", { for: "key" }, "Key"),
    input,
    make("button", { type: "submit" }, "Use it in this tab"),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    holdKey(input.value);
    input.value = "";
    again();
  };
  const kept = "It is kept in this tab until the tab is closed, and sent to this service alone.";
  return card("Not allowed without a key", make("p", {}, why), form, small(kept));
}

export function forgetButton(again: () => void): HTMLElement {
  const button = make("button", { type: "button" }, "Forget the key");
  button.onclick = () => {
    forgetKey();
    again();
  };
  return button;
}

/**
 * What readers of registered things see: the page itself, or why not. Nothing is asked without a key: it would be refused.
 */
export async function withKey(
  title: string,
  { place, again }: { readonly place: HTMLElement; again(): void },
  draw: () => Promise<readonly (Node | string)[] | Exclude<Answer<unknown>, { kind: "ok" }>>,
): Promise<void> {
  const heading = make("h2", { class: "page-title" }, title);
  if (heldKey() === null) {
    if (!place.querySelector("form")) {
      showNone(
        place,
        heading,
        keyForm("This is for readers with a key: bun run keys create makes one.", again),
      );
    }
    return;
  }
  const drawn = await draw();
  if (!("kind" in drawn)) {
    showNow(place, make("div", { class: "row" }, heading, forgetButton(again)), ...drawn);
  } else if (drawn.kind === "not allowed") showNone(place, heading, keyForm(drawn.why, again));
  else showStale(place, heading, drawn.why);
}

export interface Change {
  /** e.g. "Promote ridge-v1/2". */
  readonly title: string;
  /** What will happen. */
  readonly says: readonly string[];
  readonly verb: string;
  /** Carries it out. @param reason as it was typed. */
  act(reason: string): Promise<Answer<{ readonly message?: string }>>;
}

/** Asks once more before a change, says what will happen, and then what did. */
export function confirmChange({ title, says, verb, act }: Change, done: () => void): void {
  const reason = make("input", { id: "reason", maxlength: "1000", autocomplete: "off", required: "" });
  const said = make("p", { role: "status" });
  const go = make("button", { type: "submit", class: "act" }, verb);
  const back = make("button", { type: "button" }, "Do nothing");
  const form = make(
    "form",
    {},
    make("h2", { id: "change-title" }, title),
    ...says.map((sentence) => make("p", {}, sentence)),
    make("label", { for: "reason" }, "Why (it is recorded)"),
    reason,
    make("div", { class: "row" }, back, go),
    said,
  );
  const dialog = make("dialog", { "aria-labelledby": "change-title" }, form);
  back.onclick = () => dialog.close();
  dialog.onclose = () => {
    dialog.remove();
    done();
  };
  form.onsubmit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    said.textContent = "Asked …";
    const answer = await act(reason.value.trim());
    go.disabled = answer.kind === "ok";
    back.textContent = answer.kind === "ok" ? "Close" : "Do nothing";
    said.textContent =
      answer.kind === "ok" ? `Done. ${answer.body.message ?? ""}` : `Not done. ${answer.why}`;
  };
  document.body.append(dialog);
  dialog.showModal();
}
