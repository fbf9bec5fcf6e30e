/** Bars of one kind, from wherever they are: the variable `<kind>_places` of the function says where. */

/** Between two times. */
export function barsOf(
  kind: "trade" | "quote" | "block",
  what: "bars" | "blocks",
  from: string,
  to: string,
): string {
  const places = `${kind}_places`;
  const name = what === "bars" ? `${kind}_bars_of` : "trade_blocks_of";
  return `${name}(p_symbol, ${from}, ${to}, ${places}.elsewhere, ${places}.dropped, ${places}.raw)`;
}
