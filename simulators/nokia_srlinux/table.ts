/** The boxes that `show` draws: a centred head, `=` under it, cells to the left. */

export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  widths: readonly number[],
): string {
  const wide = head.map((title, column) =>
    Math.max(widths[column] ?? 0, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const rule = (mark: string): string => `+${wide.map((width) => mark.repeat(width + 2)).join("+")}+`;
  const cells = (row: readonly string[], align: (text: string, width: number) => string): string =>
    `|${wide.map((width, column) => ` ${align(row[column] ?? "", width)} `).join("|")}|`;
  const centred = (text: string, width: number): string => {
    const left = Math.floor((width - text.length) / 2);
    return " ".repeat(left) + text + " ".repeat(width - text.length - left);
  };
  const body = rows.flatMap((row) => [cells(row, (text, width) => text.padEnd(width))]);
  return [rule("-"), cells(head, centred), rule("="), ...body, rule("-"), ""].join("\n");
}

export function titled(title: readonly string[], width: number): string {
  const rule = "-".repeat(width);
  return [rule, ...title, rule, ""].join("\n");
}
