import { FarhandError } from "../../../shared/errors.ts";

/** The capabilities of RFC 6241 §8 and RFC 6243 that change what we ask for, without their version. */
export type CapabilityName =
  | "writable-running"
  | "candidate"
  | "confirmed-commit"
  | "rollback-on-error"
  | "validate"
  | "startup"
  | "url"
  | "xpath"
  | "with-defaults"
  | "yang-library";

export type DefaultsMode = "report-all" | "trim" | "explicit" | "report-all-tagged";

const STANDARD = "urn:ietf:params:netconf:";
/** Junos also says the old ones in a namespace that looks like the XML one. */
const STANDARD_OLD = "urn:ietf:params:xml:ns:netconf:";
/** Each session has a candidate of its own, which a commit merges: draft-ietf-netconf-privcand, and Nokia SR OS. */
const PRIVATE_CANDIDATES = [/^urn:nokia\.com:nc:pc/v, /^urn:ietf:params:netconf:capability:private-candidate:/v];
const MODES: readonly string[] = ["report-all", "trim", "explicit", "report-all-tagged"] satisfies DefaultsMode[];

/** What the device said that it can. */
export class Capabilities {
  readonly uris: readonly string[];
  /** Versions by name; `base` among them. */
  readonly #versions = new Map<string, Set<string>>();
  readonly #parameters = new Map<string, URLSearchParams>();

  constructor(uris: readonly string[]) {
    this.uris = uris;
    for (const uri of uris) {
      const standard = uri.startsWith(STANDARD_OLD) ? STANDARD + uri.slice(STANDARD_OLD.length) : uri;
      const found = /^urn:ietf:params:netconf:(?:capability:)?([a-z\-]{1,40}):(\d{1,2}\.\d{1,2})(?:\?(.*))?$/v.exec(
        standard,
      );
      const [, name, version, query] = found ?? [];
      if (name === undefined || version === undefined) continue;
      const versions = this.#versions.get(name) ?? new Set();
      this.#versions.set(name, versions.add(version));
      if (query !== undefined) this.#parameters.set(name, new URLSearchParams(query));
    }
  }

  /** The version of the base protocol that both sides speak; NETCONF_MESSAGE where there is none. */
  base(): "1.0" | "1.1" {
    const versions = this.#versions.get("base");
    if (versions?.has("1.1")) return "1.1";
    if (versions?.has("1.0")) return "1.0";
    throw new FarhandError("NETCONF_MESSAGE", "hello: neither base:1.0 nor base:1.1");
  }

  has(name: CapabilityName, version?: string): boolean {
    const versions = this.#versions.get(name);
    return versions !== undefined && (version === undefined || versions.has(version));
  }

  /** NETCONF_CAPABILITY unless the device has it. */
  require(name: CapabilityName, version?: string): void {
    if (!this.has(name, version))
      throw new FarhandError("NETCONF_CAPABILITY", `:${name}${version === undefined ? "" : `:${version}`}`);
  }

  /** How the device treats defaults when it is not asked, and how it can when it is (RFC 6243 §4); null where it does not say. */
  get defaults(): { readonly basic: DefaultsMode; readonly supported: readonly DefaultsMode[] } | null {
    const parameters = this.#parameters.get("with-defaults");
    const isMode = (mode: string | null): mode is DefaultsMode => mode !== null && MODES.includes(mode);
    const basic = parameters?.get("basic-mode") ?? null;
    if (!isMode(basic)) return null;
    const also = (parameters?.get("also-supported") ?? "").split(",").filter(isMode);
    return { basic, supported: [...new Set([basic, ...also])] };
  }

  /** Whether the hello names a model by its namespace (RFC 6020 §5.6.4), or a capability by its URI, parameters aside. */
  offers(uri: string): boolean {
    return this.uris.some((one) => one === uri || one.startsWith(`${uri}?`));
  }

  get hasPrivateCandidate(): boolean {
    return this.uris.some((uri) => PRIVATE_CANDIDATES.some((pattern) => pattern.test(uri)));
  }
}
