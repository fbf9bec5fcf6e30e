/** The pages by the address's `#…`: one is seen at a time, and only what is seen is read and asked for. */

import { byId, make } from "./draw/dom.ts";
import { showNone } from "./draw/stale.ts";
import type { PageModule } from "./page_context.ts";

const PAGES: Readonly<Record<string, { title: string; read: () => Promise<PageModule> }>> = {
  models: { title: "Models", read: () => import("./pages/models/models.ts") },
  training: { title: "Training", read: () => import("./pages/training/training.ts") },
  experiments: { title: "Experiments and deployments", read: () => import("./pages/experiments.ts") },
  data: { title: "Data", read: () => import("./pages/data.ts") },
  operations: { title: "Operations", read: () => import("./pages/operations.ts") },
};
const AGAIN_MS = 5_000;
const WAIT_FIRST_MS = 50;

export function openPages(symbolOf: () => string): { name(): void } {
  const [live, place] = [byId("live"), byId("page")];
  let shown = 0;

  const nameOf = (): string => (location.hash.slice(1) in PAGES ? location.hash.slice(1) : "live");
  const name = (): void => {
    const title = PAGES[nameOf()]?.title;
    document.title = [title, symbolOf(), "foretick"].filter(Boolean).join(" · ");
  };

  async function show(mine: number, first: boolean): Promise<void> {
    const page = PAGES[nameOf()];
    if (!page || mine !== shown) return;
    const busy =
      place.contains(document.activeElement) && document.activeElement?.matches("input, select, dialog *");
    const ready = symbolOf() !== "" && document.visibilityState === "visible" && !busy;
    if (ready || first) {
      try {
        const module = await page.read();
        if (mine !== shown) return;
        if (symbolOf() !== "") await module.show({ symbol: symbolOf(), place, again: () => void turn() });
      } catch {
        place.replaceChildren(
          make("p", { class: "notice" }, "This page could not be read. It is tried again."),
        );
      }
    }
    if (mine === shown) setTimeout(() => void show(mine, false), symbolOf() ? AGAIN_MS : WAIT_FIRST_MS);
  }

  function turn(): void {
    const page = PAGES[nameOf()];
    live.hidden = page !== undefined;
    place.hidden = page === undefined;
    for (const link of document.querySelectorAll("#pages a")) {
      if (link.getAttribute("href") === `#${nameOf()}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    name();
    if (page && place.dataset.page !== nameOf()) {
      place.dataset.page = nameOf();
      showNone(
        place,
        make("h2", { class: "page-title" }, page.title),
        make("p", { class: "small", role: "status" }, "Loading …"),
      );
    }
    void show(++shown, true);
  }

  // Drawings are as wide as the screen was: it is another one now. What is being typed stays.
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width || place.hidden) return;
    width = innerWidth;
    void show(++shown, false);
  });
  addEventListener("hashchange", () => {
    turn();
    if (!place.hidden) place.focus();
  });
  turn();
  return { name };
}
