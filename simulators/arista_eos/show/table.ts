/** Columns as EOS lays them out. */

export interface Column {
  readonly head: string;
  readonly width: number;
  readonly right?: boolean;
}

export function row(columns: readonly Column[], cells: readonly string[]): string {
  return columns
    .map(({ width, right }, at) =>
      right === true ? (cells[at] ?? "").padStart(width) : (cells[at] ?? "").padEnd(width),
    )
    .join(" ")
    .trimEnd();
}

export function table(columns: readonly Column[], rows: readonly (readonly string[])[], rule = false): string {
  const head = row(
    columns,
    columns.map((column) => column.head),
  );
  const line = columns.map(({ width }) => "-".repeat(width)).join(" ");
  return [head, ...(rule ? [line] : []), ...rows.map((cells) => row(columns, cells)), ""].join("\n");
}
