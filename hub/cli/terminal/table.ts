import { escapeLine } from "./escape.ts";
import type { Style } from "./style.ts";

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | null;
  readonly right?: boolean;
  readonly paint?: (row: Row, text: string) => string;
}

/** Every cell is escaped; widths are terminal columns, so that wide letters do not break the line. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: Style): string {
  const cells = rows.map((row) => columns.map((column) => escapeLine(String(column.value(row) ?? "-"))));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((line) => Bun.stringWidth(line[index] ?? ""))),
  );
  const pad = (text: string, index: number): string => {
    const space = " ".repeat((widths[index] ?? 0) - Bun.stringWidth(text));
    if (columns[index]?.right) return space + text;
    return index === columns.length - 1 ? text : text + space;
  };
  const head = style.dim(columns.map((column, index) => pad(column.title, index)).join("  "));
  const lines = cells.map((line, rowIndex) =>
    line.map((text, index) => paintCell(columns[index], rows[rowIndex], pad(text, index))).join("  "),
  );
  return [head, ...lines].join("\n");
}

function paintCell<Row>(column: Column<Row> | undefined, row: Row | undefined, text: string): string {
  return column?.paint && row !== undefined ? column.paint(row, text) : text;
}
