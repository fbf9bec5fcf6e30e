/** Elements in few words. All text goes in as text: nothing that comes from the service is read as HTML. */

export const byId = <Kind extends Element = HTMLElement>(id: string): Kind =>
  document.getElementById(id) as unknown as Kind;

type Child = Node | string | undefined;

/** `make("a", { href: "/docs" }, "text")`. Attributes that are undefined are left out. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** A remark: smaller and softer than what it is of. */
export const small = (...children: Child[]): HTMLElement => make("p", { class: "small" }, ...children);

/** A state in one word, coloured by it (`pages.css`). */
export const tag = (name: string): HTMLElement => make("span", { class: "tag", "data-tag": name }, name);

/** What is as it should be, or "late": coloured. */
export const state = (text: string, is_late: boolean): HTMLElement =>
  make("span", { "data-state": is_late ? "late" : "ok" }, text);

/** What scrolls by itself where the screen is narrow, by the keyboard too. */
export const scrolled = (says: string, child: Node): HTMLElement =>
  make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": says }, child);

export type Entry = readonly [term: string, text: string, late?: boolean];

/** Terms and what they are now; what is late is coloured. */
export function showList(list: HTMLElement, entries: readonly Entry[]): void {
  list.replaceChildren(
    ...entries.flatMap(([term, text, late = false]) => [
      make("dt", {}, term),
      make("dd", { "data-state": late ? "late" : "ok" }, text),
    ]),
  );
}

export interface Column<Row> {
  readonly title: string;
  /** The cells say it already: the title is read aloud and not shown. */
  readonly unseen?: boolean;
  readonly num?: boolean;
  /** Its text may take several lines. */
  readonly wrap?: boolean;
  cell(row: Row): Node | string;
}

/** A table that scrolls by itself where the screen is narrow. */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): HTMLElement {
  const classOf = ({ num, wrap }: Column<Row>): string | undefined =>
    num ? "num" : wrap ? "wrap" : undefined;
  const head = columns.map((column) => {
    const title = column.unseen ? make("span", { class: "unseen" }, column.title) : column.title;
    return make("th", { scope: "col", class: classOf(column) }, title);
  });
  const body = rows.map((row) =>
    make("tr", {}, ...columns.map((column) => make("td", { class: classOf(column) }, column.cell(row)))),
  );
  const made = make(
    "table",
    {},
    make("caption", { class: "unseen" }, caption),
    make("thead", {}, make("tr", {}, ...head)),
    make("tbody", {}, ...body),
  );
  // Another name than its card's, so that the two are told apart by ear.
  return scrolled(`Table: ${caption}`, made);
}

/** One card with its heading. */
export function card(title: string, ...children: Child[]): HTMLElement {
  return make("section", { class: "card", "aria-label": title }, make("h2", {}, title), ...children);
}
