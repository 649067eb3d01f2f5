import type { ReactNode } from "react";
import { ERRORS, errorCode, FarhandError, type ErrorCode } from "../../../shared/errors.ts";
import { Foreign } from "./text.tsx";

/** A list with nothing in it says what to do next. */
export function Empty({ children, next }: { children: ReactNode; next?: ReactNode }) {
  return (
    <div className="empty">
      <p>{children}</p>
      {next !== undefined && <p className="next">{next}</p>}
    </div>
  );
}

/** A code with what it means and what to do: from our table, not from whoever sent the code. */
export function Explained({ code, detail }: { code: ErrorCode; detail?: string | null | undefined }) {
  const { what, next } = ERRORS[code];
  return (
    <div className="explained">
      <p>
        <code className="code">{code}</code> {what}
      </p>
      {detail !== null && detail !== undefined && detail !== "" && (
        <p className="detail">
          <Foreign>{detail}</Foreign>
        </p>
      )}
      <p className="next">
        <span className="label">Next</span> {next}
      </p>
    </div>
  );
}

export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const detail = error instanceof FarhandError ? error.detail : String(error);
  return (
    <div className="problem" role="alert">
      <Explained code={errorCode(error)} detail={detail} />
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return <output className="loading">Loading {what}</output>;
}
