import { useEffect, useId, useRef, type ReactNode } from "react";

/** The browser's own modal dialog: focus stays inside, Escape closes, focus returns. */
export function Dialog(props: { open: boolean; title: string; close: () => void; children: ReactNode }) {
  const { open, title, close, children } = props;
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    if (open) ref.current?.showModal();
    else ref.current?.close();
  }, [open]);
  return (
    <dialog ref={ref} aria-labelledby={id} onClose={close}>
      <h2 id={id}>{title}</h2>
      {open && children}
      <button type="button" className="dialog-close" onClick={close}>
        Close
      </button>
    </dialog>
  );
}
