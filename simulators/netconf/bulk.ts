/** Data without end and without memory, so that a client's own memory can be measured. */
import { BULK } from "./names.ts";

const PIECE_BYTES = 64 * 1024;

/** About `bytes` octets of well-formed XML: numbered entries, as a long configuration has them. Each piece is made when asked for. */
export function* endlessData(bytes: number): Generator<Buffer> {
  const open = `<bulk xmlns="${BULK}">`;
  const close = "</bulk>";
  let left = Math.max(0, bytes - open.length - close.length);
  yield Buffer.from(open);
  for (let index = 0; left > 0;) {
    let piece = "";
    while (piece.length < Math.min(PIECE_BYTES, left)) {
      piece += `<entry><id>${index}</id><value>the line with the number ${index} of a long &lt;configuration&gt;</value></entry>`;
      index += 1;
    }
    left -= piece.length;
    yield Buffer.from(piece);
  }
  yield Buffer.from(close);
}
