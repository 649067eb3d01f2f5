export type Cell = string | number | null;
export type Cells = Readonly<Record<string, Cell>>;

export interface Row {
  /** Its key columns, joined; a second one with the same gets ` #2`. */
  readonly key: string;
  readonly cells: Cells;
}

/** What a table holds, or why that is not known. */
export type Table =
  | {
      readonly kind: "read";
      readonly rows: readonly Row[];
      /** Lines that no pattern knew, and the first of them: a row may be among them. */
      readonly strange: number;
      readonly example: string | null;
    }
  | { readonly kind: "unread"; readonly why: string };

export type Tables = ReadonlyMap<string, Table>;

/** Far beyond what a person compares, and small beside a full Internet table. */
export const ROWS_MAX = 20_000;
export const OUTPUT_BYTES_MAX = 8 * 1024 * 1024;
export const LINE_CHARS_MAX = 1_000;
const CELL_CHARS_MAX = 200;

// oxlint-disable-next-line no-control-regex -- control characters are what is taken out, and what turns a line around
const UNSHOWABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Device text as a cell: bounded, one line, without control characters. */
export const cellText = (value: string): string => value.replace(UNSHOWABLE, " ").trim().slice(0, CELL_CHARS_MAX);

export const unread = (why: string): Table => ({ kind: "unread", why: cellText(why) });
