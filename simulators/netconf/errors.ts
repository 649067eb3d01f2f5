/** What a device answers when it does not do a thing (RFC 6241 §4.3 and Appendix A). */
import { element, type XmlElement } from "./xml.ts";
import { BASE } from "./names.ts";

export type ErrorTag =
  | "in-use"
  | "invalid-value"
  | "too-big"
  | "missing-attribute"
  | "bad-attribute"
  | "unknown-attribute"
  | "missing-element"
  | "bad-element"
  | "unknown-element"
  | "unknown-namespace"
  | "access-denied"
  | "lock-denied"
  | "resource-denied"
  | "rollback-failed"
  | "data-exists"
  | "data-missing"
  | "operation-not-supported"
  | "operation-failed"
  | "malformed-message";

export interface RpcErrorDetail {
  readonly type?: "transport" | "rpc" | "protocol" | "application";
  readonly severity?: "error" | "warning";
  readonly appTag?: string;
  readonly path?: string;
  readonly message?: string;
  /** Elements of `<error-info>`, in the base namespace. */
  readonly info?: Readonly<Record<string, string>>;
}

export class RpcError extends Error {
  override name = "RpcError";
  readonly tag: ErrorTag;
  readonly detail: RpcErrorDetail;

  constructor(tag: ErrorTag, detail: RpcErrorDetail = {}) {
    super(detail.message ?? tag);
    this.tag = tag;
    this.detail = detail;
  }

  toXml(): XmlElement {
    const { type = "application", severity = "error", appTag, path, message, info } = this.detail;
    const made = element(BASE, "rpc-error", [
      element(BASE, "error-type", type),
      element(BASE, "error-tag", this.tag),
      element(BASE, "error-severity", severity),
    ]);
    if (appTag !== undefined) made.children.push(element(BASE, "error-app-tag", appTag));
    if (path !== undefined) made.children.push(element(BASE, "error-path", path));
    if (message !== undefined) {
      const text = element(BASE, "error-message", message);
      text.attributes.push({ ns: XML, name: "lang", value: "en" });
      made.children.push(text);
    }
    if (info)
      made.children.push(
        element(
          BASE,
          "error-info",
          Object.entries(info).map(([name, value]) => element(BASE, name, value)),
        ),
      );
    return made;
  }
}

const XML = "http://www.w3.org/XML/1998/namespace";

/** More than one at once (`continue-on-error`). */
export class RpcErrors extends Error {
  override name = "RpcErrors";
  readonly all: readonly RpcError[];

  constructor(all: readonly RpcError[]) {
    super(all.map(({ message }) => message).join("; "));
    this.all = all;
  }
}
