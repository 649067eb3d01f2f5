import { pieces } from "../text.ts";

/** Anything that the console did not write itself. */
export function Foreign({ children }: { children: string }) {
  const list = pieces(children);
  if (list.every((piece) => piece.name === undefined)) return <bdi>{children}</bdi>;
  return (
    <bdi>
      {list.map((piece, index) =>
        piece.name === undefined ? (
          piece.text
        ) : (
          // The pieces of one text never move.
          <span key={index} className="invisible" title={piece.name}>
            {piece.text}
          </span>
        ),
      )}
    </bdi>
  );
}

/** A shell command to copy. */
export function Command({ children }: { children: string }) {
  return <code className="command">{children}</code>;
}

/** The same page from a terminal. */
export function Equivalent({ command }: { command: string }) {
  return (
    <p className="equivalent">
      <span className="label">Equivalent command</span> <Command>{command}</Command>
    </p>
  );
}
