/** A line of XML that does not end is cut here: a device may write all that it has in one. */
const LINE_MAX = 64 * 1024;
/** Between two tags nothing is lost by a new line. */
const BETWEEN_TAGS = /(?<=>)(?=<)|\r?\n/v;

/**
 * Data as lines, an element each, for people and for redaction: the text of a leaf and its tags stay on one line wherever they came on
 * one. Holds no more than the line that is being read.
 */
export class XmlLines {
  #rest = "";

  /** The lines that are complete. */
  push(text: string): string[] {
    const parts = (this.#rest + text).split(BETWEEN_TAGS);
    this.#rest = parts.pop() ?? "";
    if (this.#rest.length > LINE_MAX) parts.push(this.#cut());
    return parts.filter((line) => line.trim() !== "");
  }

  flush(): string[] {
    const last = this.#rest;
    this.#rest = "";
    return last.trim() === "" ? [] : [last];
  }

  /** Not within a tag, whose name would then not be known. */
  #cut(): string {
    const tag = this.#rest.lastIndexOf("<");
    const at = tag > 0 ? tag : this.#rest.length;
    const line = this.#rest.slice(0, at);
    this.#rest = this.#rest.slice(at);
    return line;
  }
}
