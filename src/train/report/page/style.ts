/** The look of the report page: two themes, one column on a phone, three on a desk. */

export const PAGE_STYLE = `
:root { color-scheme: light dark; --ground: #f5f4f0; --card: #fff; --line: #dedbd3; --ink: #1b2024; --soft: #5a6269;
  --own: #0a6685; --other: #9a8f7c; --good: #1d6b3a; --bad: #a8430c; --bad-ground: #fbe9de; --warn-ground: #fdf0d8; --warn-ink: #6b4300; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0f1316; --card: #171c20; --line: #2a3238; --ink: #e8ebec; --soft: #9aa5ad;
    --own: #5fc4e3; --other: #8d8672; --good: #6fcf8e; --bad: #f29b62; --bad-ground: #33200f; --warn-ground: #33270f; --warn-ink: #f3d08b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: clamp(.75rem, 2vw, 1.5rem); background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; font-variant-numeric: tabular-nums; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .75rem; font-size: 1.15rem; }
h3 { margin: 0 0 .25rem; font-size: .95rem; }
p { margin: .25rem 0; max-width: 75ch; }
p.note { margin: .5rem 0; }
.soft, figcaption, .note { color: var(--soft); font-size: .875rem; }
.verdict { margin: 1rem 0; padding: .875rem 1rem; border-left: .3rem solid var(--soft); background: var(--card); border-radius: .25rem; font-size: 1.1rem; }
.verdict.shown { border-color: var(--good); } .verdict.worse_than_zero { border-color: var(--bad); } .verdict.not_shown { border-color: var(--warn-ink); }
.verdict p { max-width: none; } .verdict .note { margin-top: .5rem; }
.tags { display: flex; flex-wrap: wrap; gap: .5rem; margin: .75rem 0 0; padding: 0; list-style: none; font-size: .875rem; }
.tags li { padding: .1rem .6rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--card); }
.tags .yes { color: var(--good); border-color: currentColor; } .tags .no { color: var(--bad); border-color: currentColor; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 0; }
.figures div { padding: .625rem .75rem; background: var(--card); border: 1px solid var(--line); border-radius: .375rem; }
.figures dt { color: var(--soft); font-size: .8125rem; } .figures dd { margin: 0; font-size: 1.2rem; font-weight: 600; }
.figures .note { display: block; font-size: .8125rem; font-weight: 400; }
/* A plot and its table: beside each other where there is room. */
.beside { display: grid; grid-template-columns: minmax(0, 1fr); gap: .75rem; align-items: start; margin: .75rem 0; }
@media (min-width: 60rem) { .beside { grid-template-columns: minmax(0, 1fr) minmax(0, 2fr); } }
.range { display: block; color: var(--soft); font-size: .75rem; font-weight: 400; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: .75rem; align-items: start; }
figure { margin: 0; padding: .75rem; background: var(--card); border: 1px solid var(--line); border-radius: .375rem; }
@media (min-width: 46rem) { .tall { grid-row: span 2; } }
figcaption { margin-top: .375rem; }
.wide { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .375rem; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; }
th, td { padding: .4rem .625rem; vertical-align: baseline; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; white-space: normal; } tr:last-child td, tr:last-child th { border-bottom: 0; }
th:first-child { text-align: left; } tbody th { color: var(--ink); position: sticky; left: 0; background: var(--card); }
tr.own th, tr.own td { font-weight: 650; } 
.gates { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: .75rem; margin: .5rem 0; padding: 0; list-style: none; }
.gates li { display: grid; grid-template-columns: 4.25rem minmax(0, 1fr); gap: .5rem; padding: .75rem; background: var(--card); border: 1px solid var(--line); border-radius: .375rem; }
.gates p { margin: .1rem 0; font-size: .875rem; }
.pass { color: var(--good); font-weight: 600; } .fail { color: var(--bad); font-weight: 600; }
.caveat { padding: .625rem .875rem; background: var(--warn-ground); color: var(--warn-ink); border-radius: .375rem; max-width: none; }
details { margin-top: .75rem; } summary { cursor: pointer; color: var(--soft); }
dl.plain { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; margin: .25rem 0; font-size: .9375rem; }
dl.plain dt { color: var(--soft); } dl.plain dd { margin: 0; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .name { fill: var(--ink); } svg .own-text { font-weight: 650; }
.grid { stroke: var(--line); } .zero { stroke: var(--soft); stroke-width: 1.2; }
.ideal { stroke: var(--soft); stroke-dasharray: 4 3; } .fitted { stroke: var(--bad); stroke-width: 1.5; }
.cell { fill: var(--own); } .column { fill: var(--own); fill-opacity: .72; } .column.harm { fill: var(--bad); }
.reference { stroke: var(--ink); stroke-width: 1.4; fill: none; }
circle.own { fill: var(--own); } circle.other { fill: var(--other); }
.line { fill: none; stroke-width: 1.6; stroke-linejoin: round; } .line.own, .whisker.own { stroke: var(--own); } .line.other, .whisker.other { stroke: var(--other); }
.whisker { stroke-width: 2; }
@media print { body { max-width: none; } figure, .wide { break-inside: avoid; } }
`;
