import type { Clock } from "../../../shared/clock.ts";
import type { CheckFinding } from "../../../shared/documents/check.ts";
import type { ChangeMode } from "../../../shared/documents/manifest.ts";
import type { Finding } from "../../../shared/documents/receipt.ts";
import type { PlatformId } from "../../../shared/ids.ts";
import type {
  Candidate,
  Configuration,
  Facts,
  Pending,
  Readiness,
  RunOptions,
  Session,
  TransactionToken,
} from "../../types.ts";
import type { LineRedactor } from "../cli/redactor.ts";
import { readDatastore, type NetconfDevice } from "./device.ts";
import type { PackFile } from "../../model/state/pack.ts";
import type { NetconfFile } from "../../model/netconf-file.ts";
import { eachLeaf } from "./leaves.ts";
import { XmlLines } from "./lines.ts";
import { Models } from "./models.ts";
import type { Parked } from "./parked.ts";
import { netconfPreflight } from "./preflight.ts";
import { askRead, askTable, tableRead } from "./reads.ts";
import { RpcRefused } from "./rpc-error.ts";
import { NetconfTransaction } from "./transaction.ts";

export interface NetconfSessionOptions {
  readonly platform: PlatformId;
  readonly vendor: string;
  readonly device: NetconfDevice;
  /** Its tables, each a read by name. */
  readonly pack?: PackFile | undefined;
  readonly parked: Parked;
  /** A redactor that has seen no line yet. */
  readonly redactor: () => LineRedactor;
}

const FACT_BYTES_MAX = 256 * 1024;
const FACT_NAMES = ["hostname", "model", "version", "serial"] as const;

interface Leaf {
  readonly path: string;
  readonly value: string;
}

/** The leaves of a fact's answer; of a list only those of the entries that count. */
function entriesOf({ entry }: NetconfFile["facts"][number], text: string): readonly (readonly Leaf[])[] {
  const entries: Leaf[][] = [[]];
  eachLeaf(text, (path, value) => {
    if (path === entry?.key) entries.push([]);
    entries.at(-1)?.push({ path, value });
  });
  if (!entry) return entries;
  return entries.filter((leaves) =>
    leaves.some(({ path, value }) => path === entry.path && value.endsWith(entry.ends)),
  );
}

/** A device behind NETCONF. */
export class NetconfSession implements Session {
  readonly #o: NetconfSessionOptions;
  readonly #transaction: NetconfTransaction;
  readonly #models: Models;

  constructor(options: NetconfSessionOptions) {
    this.#o = options;
    this.#transaction = new NetconfTransaction(options.device, options.parked);
    this.#models = new Models(options.device.operations);
  }

  async facts(): Promise<Facts> {
    const { device, vendor, redactor } = this.#o;
    const found = new Map<(typeof FACT_NAMES)[number], string>();
    for (const fact of device.file.facts) {
      const text = await this.#fact(fact);
      if (text === undefined) continue;
      for (const leaves of entriesOf(fact, text))
        for (const { path, value } of leaves)
          for (const name of FACT_NAMES)
            if (fact[name] === path && value !== "" && !found.has(name)) found.set(name, value);
    }
    const shown = (name: (typeof FACT_NAMES)[number]): string | null => {
      const value = found.get(name);
      return value === undefined
        ? null
        : redactor()(value.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gv, " ")).slice(0, 200);
    };
    return {
      hostname: shown("hostname") ?? "",
      vendor,
      model: shown("model"),
      version: shown("version"),
      serial: shown("serial"),
    };
  }

  /** Undefined where the device does not know what is asked for. */
  async #fact({ filter, operation }: NetconfFile["facts"][number]): Promise<string | undefined> {
    const { operations } = this.#o.device;
    try {
      if (operation !== undefined) return (await operations.vendor("facts", operation)).data ?? undefined;
      const subtree = { kind: "subtree", elements: filter ?? "" } as const;
      return (await operations.get({ filter: subtree, dataBytesMax: FACT_BYTES_MAX })).data ?? undefined;
    } catch (error) {
      if (error instanceof RpcRefused) return undefined;
      throw error;
    }
  }

  running(): Promise<Configuration> {
    return this.#transaction.running();
  }

  async run(command: string, options: RunOptions): Promise<string> {
    const { device, redactor } = this.#o;
    const redact = redactor();
    const lines = new XmlLines();
    let output = "";
    const take = async (raw: readonly string[]): Promise<void> => {
      if (raw.length === 0) return;
      const text = `${raw.map((line) => redact(line)).join("\n")}\n`;
      await device.transcript.write("received", text);
      if (options.sink) await options.sink(text);
      else output += text;
    };
    const read = { dataBytesMax: options.outputBytesMax, sink: (text: string) => take(lines.push(text)) };
    const table = tableRead(this.#o.pack, command);
    if (table) await askTable(device.operations, this.#models, command, table, read);
    else await askRead(device.operations, command, read);
    await take(lines.flush());
    return output;
  }

  /** Reads only: who holds a lock, and whether the candidate is clean, shows when `arm` asks for it. */
  async readiness(mode: ChangeMode): Promise<Readiness> {
    const { device } = this.#o;
    const { capabilities } = device.operations;
    const blockers = this.#blockers(mode);
    const level = blockers.length === 0 ? "A" : "E";
    // Without a startup to read, whether running is saved is known only where it always is.
    const unsaved = capabilities.has("startup") ? await this.#isUnsaved() : device.file.save ? null : false;
    return {
      level,
      undoCost: device.file.undoCost,
      blockers,
      pendingByOther: false,
      unsaved,
      warnings: this.#warnings(unsaved === true),
    };
  }

  preflight(clock: Clock): Promise<readonly CheckFinding[]> {
    const { device, redactor } = this.#o;
    return netconfPreflight(device, clock, (text) => redactor()(text));
  }

  async #isUnsaved(): Promise<boolean> {
    const startup = await readDatastore(this.#o.device, "startup");
    return startup.publicDigest !== (await this.running()).publicDigest;
  }

  #blockers(mode: ChangeMode): Finding[] {
    const { device, platform } = this.#o;
    const { capabilities } = device.operations;
    if (mode === "replace" && !device.file.replaces)
      return [{ code: "MODE_UNSUPPORTED", detail: `${platform} cannot ${mode}` }];
    if (!capabilities.has("candidate")) {
      const whole = capabilities.has("rollback-on-error") ? "takes an edit whole or not at all, but has" : "has";
      return [{ code: "NO_CANDIDATE", detail: `the device ${whole} no candidate to commit under a timer: no undo` }];
    }
    if (!capabilities.has("confirmed-commit"))
      return [{ code: "NO_CONFIRMED_COMMIT", detail: "the device's commits have no timer: no undo" }];
    return [];
  }

  #warnings(unsaved: boolean): Finding[] {
    const { capabilities } = this.#o.device.operations;
    const found: Finding[] = [];
    if (unsaved)
      found.push({
        code: "UNSAVED_RUNNING",
        detail:
          "running differs from what a reboot loads; the change is kept but not saved, or that would be saved with it",
      });
    if (capabilities.has("confirmed-commit") && !this.#transaction.persists)
      found.push({
        code: "CONFIRM_SAME_SESSION",
        detail:
          "only the session that makes the change can confirm it: a change that breaks that session is undone, good or not",
      });
    if (capabilities.hasPrivateCandidate)
      found.push({
        code: "PRIVATE_CANDIDATES",
        detail: "others may edit in candidates of their own, which our lock does not see until they commit",
      });
    const supported = capabilities.defaults?.supported ?? [];
    if (capabilities.defaults && !supported.includes("explicit") && !supported.includes("trim"))
      found.push({ code: "DEFAULTS_SHOWN", detail: "the device shows defaults as if they were set" });
    return found;
  }

  begin(change: Parameters<Session["begin"]>[0]): Promise<TransactionToken> {
    const { id, mode, preImage } = change;
    const begun = this.#transaction.begin(change);
    return Promise.resolve({ platform: this.#o.platform, id, mode, preImage: preImage.publicDigest, ...begun });
  }

  arm(token: TransactionToken): Promise<void> {
    return this.#transaction.arm(token);
  }

  candidate(token: TransactionToken): Candidate {
    return this.#transaction.candidate(token);
  }

  apply(token: TransactionToken, commands: readonly string[]): Promise<void> {
    return this.#transaction.apply(token, commands);
  }

  pending(token: TransactionToken): Promise<Pending> {
    return this.#transaction.pending(token);
  }

  confirm(token: TransactionToken): Promise<void> {
    return this.#transaction.confirm(token);
  }

  revert(token: TransactionToken): Promise<void> {
    return this.#transaction.revert(token);
  }

  save(_token: TransactionToken): Promise<void> {
    return this.#transaction.save();
  }

  cleanup(token: TransactionToken): Promise<void> {
    return this.#transaction.cleanup(token);
  }

  async close(): Promise<void> {
    if (this.#transaction.park()) return;
    const { device } = this.#o;
    try {
      if (device.alive()) await device.operations.closeSession();
    } finally {
      device.disconnect();
    }
  }
}
