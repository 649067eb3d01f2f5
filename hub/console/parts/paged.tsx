import { useState, type ReactNode } from "react";

/** Long lists are drawn a page at a time, so that ten thousand rows cost what two hundred do. */
export const ROWS = 200;

export function usePaged<T>(list: readonly T[], rows = ROWS): { shown: readonly T[]; controls: ReactNode } {
  const [wanted, setPage] = useState(0);
  const last = Math.max(0, Math.ceil(list.length / rows) - 1);
  const page = Math.min(wanted, last);
  const from = page * rows;
  const shown = list.slice(from, from + rows);
  const controls = last > 0 && (
    <nav className="pager" aria-label="Rows">
      <button type="button" disabled={page === 0} onClick={() => setPage(page - 1)}>
        Previous
      </button>
      <span>
        {from + 1} to {from + shown.length} of {list.length}
      </span>
      <button type="button" disabled={page === last} onClick={() => setPage(page + 1)}>
        Next
      </button>
    </nav>
  );
  return { shown, controls };
}
