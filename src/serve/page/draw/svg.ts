/** Parts of drawings. Colours come from the style sheet by class, so both themes are one drawing. */

export function element(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

export const px = (value: number): string => value.toFixed(1);
export const path = (name: string, d: string): SVGElement => element("path", { class: name, d });
export const line = (name: string, x1: number, y1: number, x2: number, y2: number): SVGElement =>
  element("line", { class: name, x1, y1, x2, y2 });

/** @param anchor what of the text stands at x. */
export function label(
  x: number,
  y: number,
  text: string,
  anchor: "start" | "middle" | "end" = "start",
): SVGElement {
  const made = element("text", { x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}

/** Beside a card on the screen (px). */
const AROUND_PX = 68;

/** How wide a drawing in a card can be, so that its words keep their size on a phone. */
export const widthOf = (most_px: number): number =>
  Math.min(most_px, Math.max(260, document.documentElement.clientWidth - AROUND_PX));

/** A drawing with what it says for those who cannot see it. */
export function drawing(
  width: number,
  height: number,
  says: string,
  parts: readonly SVGElement[],
): SVGElement {
  const made = element("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    class: "drawing",
    role: "img",
    "aria-label": says,
  });
  made.append(...parts);
  return made;
}
