import { FarhandError } from "../../../shared/errors.ts";
import type { Capabilities, DefaultsMode } from "./capabilities.ts";
import type { NetconfClient, Reply, RpcOptions } from "./client.ts";
import { WITH_DEFAULTS } from "./names.ts";
import type { RpcError } from "./rpc-error.ts";
import { escapeXml, requireFragment } from "../../model/xml/reader.ts";

export type Datastore = "running" | "candidate" | "startup";

export type Filter =
  /** XML elements, RFC 6241 §6. */
  | { readonly kind: "subtree"; readonly elements: string }
  /** Needs :xpath. `namespaces` by prefix. */
  | { readonly kind: "xpath"; readonly select: string; readonly namespaces: Readonly<Record<string, string>> };

export interface Read extends Pick<RpcOptions, "sink" | "dataBytesMax"> {
  readonly filter?: Filter;
  /** Asked for where the device offers it (RFC 6243); otherwise its basic mode stands. */
  readonly defaults?: DefaultsMode;
}

export interface Edit {
  readonly target: Exclude<Datastore, "startup">;
  /** XML elements: the content of `<config>`. */
  readonly config: string;
  /** `replace` takes away everything that is not in the text, models that it does not name included. */
  readonly defaultOperation?: "merge" | "replace" | "none";
  /** Needs :validate; `test-only` needs :validate:1.1. */
  readonly testOption?: "test-then-set" | "set" | "test-only";
  /** `rollback-on-error` needs :rollback-on-error. The default of the protocol leaves half of a change behind. */
  readonly errorOption: "stop-on-error" | "continue-on-error" | "rollback-on-error";
}

export interface ConfirmedCommit {
  /** SECONDS, as in RFC 6241 §8.4; 1..4294967295. */
  readonly timeoutS: number;
  /** The device keeps it armed without this session, and whoever names it confirms or cancels. Needs :confirmed-commit:1.1. */
  readonly persist?: string;
  /** Of the pending confirmed commit that this one extends. Needs :confirmed-commit:1.1. */
  readonly persistId?: string;
}

const TIMEOUT_S_MAX = 4_294_967_295;

/**
 * The operations of RFC 6241, typed. Errors, besides those of `NetconfClient.rpc`: NETCONF_CAPABILITY before anything is sent that the device does
 * not offer; TEXT_REFUSED for text that is not whole XML elements. There is no kill-session: another's session is another's.
 */
export class Operations {
  readonly #client: NetconfClient;
  readonly #limits: Pick<RpcOptions, "deadlineMs" | "signal">;

  /** `limits` are of each operation. */
  constructor(client: NetconfClient, limits: Pick<RpcOptions, "deadlineMs" | "signal">) {
    this.#client = client;
    this.#limits = limits;
  }

  get capabilities(): Capabilities {
    return this.#client.hello.capabilities;
  }

  /** §7.7: running configuration and state. */
  get(read: Read = {}): Promise<Reply> {
    return this.#read("get", "", read);
  }

  /** §7.1. */
  getConfig(source: Datastore, read: Read = {}): Promise<Reply> {
    this.#requireDatastore(source);
    return this.#read("get-config", `<source><${source}/></source>`, read);
  }

  /** §7.2. */
  async editConfig(edit: Edit): Promise<readonly RpcError[]> {
    const { capabilities } = this;
    const { target, config, defaultOperation, testOption, errorOption } = edit;
    if (target === "candidate") capabilities.require("candidate");
    else capabilities.require("writable-running");
    if (testOption === "test-only") capabilities.require("validate", "1.1");
    else if (testOption !== undefined) capabilities.require("validate");
    if (errorOption === "rollback-on-error") capabilities.require("rollback-on-error");
    requireFragment(config, "edit-config");
    // In the order of the RFC's schema: some devices insist on it.
    return await this.#act(
      "edit-config",
      `<target><${target}/></target>${leaf("default-operation", defaultOperation)}${leaf("test-option", testOption)}${leaf("error-option", errorOption)}<config>${config}</config>`,
    );
  }

  /** §7.3, between datastores. */
  async copyConfig(source: Datastore, target: Datastore): Promise<readonly RpcError[]> {
    this.#requireDatastore(source);
    this.#requireDatastore(target);
    if (target === "running") this.capabilities.require("writable-running");
    return await this.#act("copy-config", `<target><${target}/></target><source><${source}/></source>`);
  }

  /** §8.6.4.1; needs :validate. */
  async validate(source: Datastore): Promise<readonly RpcError[]> {
    this.capabilities.require("validate");
    this.#requireDatastore(source);
    return await this.#act("validate", `<source><${source}/></source>`);
  }

  /** §7.5. CANDIDATE_BUSY, an RpcRefused whose error has the holder's session id, when another has it or the candidate holds changes. */
  async lock(target: Datastore): Promise<void> {
    this.#requireDatastore(target);
    await this.#act("lock", `<target><${target}/></target>`);
  }

  /** §7.6. */
  async unlock(target: Datastore): Promise<void> {
    await this.#act("unlock", `<target><${target}/></target>`);
  }

  /** §8.3.4.2. Throws away what anybody has put into the candidate: only for who holds its lock. */
  async discardChanges(): Promise<void> {
    this.capabilities.require("candidate");
    await this.#act("discard-changes", "");
  }

  /** §8.3.4.1; puts the candidate in force, or with `persistId` keeps a pending confirmed commit. */
  async commit(persistId?: string): Promise<readonly RpcError[]> {
    this.capabilities.require("candidate");
    if (persistId !== undefined) this.capabilities.require("confirmed-commit", "1.1");
    return await this.#act("commit", leaf("persist-id", persistId));
  }

  /** §8.4: in force, and undone by the device after `timeoutS` seconds, or without `persist` when this session ends. */
  async confirmedCommit({ timeoutS, persist, persistId }: ConfirmedCommit): Promise<readonly RpcError[]> {
    this.capabilities.require("candidate");
    if (persist === undefined && persistId === undefined) this.capabilities.require("confirmed-commit");
    else this.capabilities.require("confirmed-commit", "1.1");
    if (!Number.isInteger(timeoutS) || timeoutS < 1 || timeoutS > TIMEOUT_S_MAX)
      throw new FarhandError("INTERNAL", `a confirm-timeout of ${timeoutS} seconds`);
    return await this.#act(
      "commit",
      `<confirmed/>${leaf("confirm-timeout", String(timeoutS))}${leaf("persist", persist)}${leaf("persist-id", persistId)}`,
    );
  }

  /** §8.4.4.1; needs :confirmed-commit:1.1. Without an id: the pending one of this session. */
  async cancelCommit(persistId?: string): Promise<readonly RpcError[]> {
    this.capabilities.require("confirmed-commit", "1.1");
    return await this.#act("cancel-commit", leaf("persist-id", persistId));
  }

  /** §7.8, and the end of the line: the device gives back locks, and reverts a confirmed commit that nothing persists. */
  async closeSession(): Promise<void> {
    try {
      await this.#act("close-session", "");
    } finally {
      this.#client.close();
    }
  }

  /** An operation of the vendor's, from a platform file. Its answer is a document of its own. */
  vendor(
    name: string,
    operation: string,
    options: Pick<RpcOptions, "sink" | "dataBytesMax" | "mayBeEmpty"> = {},
  ): Promise<Reply> {
    requireFragment(operation, name);
    return this.#client.rpc(name, operation, { ...this.#limits, ...options });
  }

  #read(name: "get" | "get-config", source: string, { filter, defaults, ...options }: Read): Promise<Reply> {
    const parameters = `${source}${this.#filter(filter)}${this.#defaults(defaults)}`;
    return this.#client.rpc(name, element(name, parameters), { ...this.#limits, ...options });
  }

  async #act(name: string, parameters: string): Promise<readonly RpcError[]> {
    return (await this.#client.rpc(name, element(name, parameters), this.#limits)).warnings;
  }

  #requireDatastore(name: Datastore): void {
    if (name !== "running") this.capabilities.require(name);
  }

  #filter(filter: Filter | undefined): string {
    switch (filter?.kind) {
      case undefined:
        return "";
      case "subtree":
        requireFragment(filter.elements, "filter");
        return `<filter type="subtree">${filter.elements}</filter>`;
      case "xpath": {
        this.capabilities.require("xpath");
        const declared = Object.entries(filter.namespaces).map(([prefix, uri]) => {
          if (!/^[a-z_][a-z0-9_.\-]{0,63}$/iv.test(prefix)) throw new FarhandError("TEXT_REFUSED", "filter: a prefix");
          return ` xmlns:${prefix}="${escapeXml(uri)}"`;
        });
        return `<filter type="xpath"${declared.join("")} select="${escapeXml(filter.select)}"/>`;
      }
      default:
        return filter satisfies never;
    }
  }

  #defaults(mode: DefaultsMode | undefined): string {
    if (mode === undefined || this.capabilities.defaults?.supported.includes(mode) !== true) return "";
    return `<with-defaults xmlns="${WITH_DEFAULTS}">${mode}</with-defaults>`;
  }
}

const element = (name: string, content: string): string =>
  content === "" ? `<${name}/>` : `<${name}>${content}</${name}>`;

const leaf = (name: string, value: string | undefined): string =>
  value === undefined ? "" : `<${name}>${escapeXml(value)}</${name}>`;
