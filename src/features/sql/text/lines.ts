/** One per line, all but the last with a comma. */
export const commaed = (lines: readonly string[], indent: string): string[] =>
  lines.map((line, index) => {
    const indented = line.replaceAll("\n", `\n${indent}`);
    return `${indent}${indented}${index < lines.length - 1 ? "," : ""}`;
  });
