import { XmlReader } from "../../model/xml/reader.ts";

const VALUE_MAX = 4096;

/** Tells of each element that holds nothing but text: its path by local names below the top element, and the text. NETCONF_MESSAGE. */
export function eachLeaf(text: string, tell: (path: string, value: string) => void): void {
  const path: string[] = [];
  let value = "";
  let isLeaf = false;
  const reader = new XmlReader({
    open: ({ local }) => {
      path.push(local);
      value = "";
      isLeaf = true;
    },
    text: (piece) => {
      if (value.length < VALUE_MAX) value += piece.slice(0, VALUE_MAX);
    },
    close: () => {
      if (isLeaf) tell(path.slice(1).join("/"), value.trim());
      isLeaf = false;
      path.pop();
    },
  });
  reader.push(text);
  reader.finish();
}
