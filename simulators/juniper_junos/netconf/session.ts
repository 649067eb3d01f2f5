/**
 * NETCONF of a Junos box (RFC 6241 version 1.0, framed by `]]>]]>`), over the very database that the CLI works on: the same
 * candidate, the same lock, the same timer. Framing and XML are those of `simulators/netconf`.
 */
import type { CommandRecord } from "../../device.ts";
import { matches } from "../../faults.ts";
import { RpcError, RpcErrors } from "../../netconf/errors.ts";
import { frame, FrameFault, FrameReader } from "../../netconf/framing.ts";
import { BASE, BASE_1_0, CAPABILITY } from "../../netconf/names.ts";
import { describe, readRpc } from "../../netconf/request.ts";
import { attribute, escapeText, parseXml, printXml, XmlFault, type XmlElement } from "../../netconf/xml.ts";
import { Output, SessionClosed } from "../../ssh/output.ts";
import type { SubsystemRequest } from "../../ssh/server.ts";
import type { Editor, EditMode } from "../editor.ts";
import type { JunosDevice } from "../device.ts";
import { clone } from "../config/tree.ts";
import { perform } from "./operations.ts";

const MESSAGE_MAX_BYTES = 16 * 1024 * 1024;
const CAPABILITIES = [
  BASE_1_0,
  `${CAPABILITY}:candidate:1.0`,
  `${CAPABILITY}:confirmed-commit:1.0`,
  `${CAPABILITY}:validate:1.0`,
  `${CAPABILITY}:url:1.0?scheme=http,ftp,file`,
  "http://xml.juniper.net/netconf/junos/1.0",
  "http://xml.juniper.net/dmi/system/1.0",
];

export class JunosNetconf {
  readonly device: JunosDevice;
  readonly sessionId: number;
  readonly request: SubsystemRequest;
  editor: Editor;
  readonly #log: CommandRecord[];
  readonly #closing = new AbortController();
  readonly #frames = new FrameReader(MESSAGE_MAX_BYTES);
  readonly #output: Output;
  #greeted = false;
  #working = false;
  #over = false;
  #sent = 0;

  constructor(device: JunosDevice, request: SubsystemRequest, sessionId: number, log: CommandRecord[]) {
    this.device = device;
    this.request = request;
    this.sessionId = sessionId;
    this.#log = log;
    this.editor = this.#editorOf("shared");
    this.#output = new Output({
      stream: request.stream,
      clock: device.clock,
      signal: this.#closing.signal,
      pace: () => device.store.faults.pace,
      onBytes: (count) => {
        this.#sent += count;
        const drop = device.store.faults.get("drop");
        if (drop?.afterBytes !== undefined && this.#sent >= drop.afterBytes) request.drop(drop.how);
      },
    });
  }

  #editorOf(mode: EditMode): Editor {
    const nowMs = this.device.clock.nowMs();
    return {
      sessionId: this.sessionId,
      user: this.request.username,
      terminal: `pts/${this.sessionId - 1}`,
      pid: this.device.nextPid(),
      sinceMs: nowMs,
      lastMs: nowMs,
      mode,
      base: clone(this.device.store.running),
      path: [],
      typed: [],
      count: 0,
    };
  }

  /** Takes the lock, or a private copy. Returns the device's refusal. */
  enter(mode: EditMode): string | undefined {
    const entered = this.device.enter(this.#editorOf(mode));
    if ("refused" in entered) return entered.refused;
    this.editor = entered.editor;
    return undefined;
  }

  /** Gives it back; what was not committed goes with it. */
  leave(): void {
    this.device.leave(this.editor);
    this.editor = this.#editorOf("shared");
  }

  start(): void {
    const { stream } = this.request;
    this.device.netconf.set(this.sessionId, this);
    stream.on("data", (bytes: Buffer) => {
      if (this.#over) return;
      this.#frames.push(bytes);
      if (!this.#working) void this.#work();
    });
    stream.once("end", () => this.end());
    stream.once("close", () => this.end());
    const { username } = this.request;
    const list = CAPABILITIES.map((uri) => `    <capability>${escapeText(uri)}</capability>\n`).join("");
    void this.#say(
      `<!-- No zombies were killed during the creation of this user interface -->\n<!-- user ${username}, class j-super-user -->\n<hello xmlns="${BASE}">\n  <capabilities>\n${list}  </capabilities>\n  <session-id>${this.sessionId}</session-id>\n</hello>\n`,
    ).catch(() => {});
  }

  async #work(): Promise<void> {
    this.#working = true;
    try {
      for (let message = this.#frames.next(); message && !this.#over; message = this.#frames.next())
        await this.#message(message.toString("utf8"));
    } catch (error) {
      if (!(error instanceof FrameFault) && !(error instanceof SessionClosed) && !(error instanceof XmlFault))
        throw error;
      this.end();
      this.request.stream.end();
    } finally {
      this.#working = false;
    }
  }

  async #message(text: string): Promise<void> {
    const xml = parseXml(text.trim());
    if (!this.#greeted) {
      this.#greeted = true;
      if (xml.name !== "hello") throw new XmlFault("no hello");
      return;
    }
    let content: XmlElement[];
    let line = "";
    try {
      const { operation } = readRpc(xml);
      line = describe(operation);
      content = await this.#answer(operation, line);
    } catch (error) {
      if (error instanceof RpcError) content = [error.toXml()];
      else if (error instanceof RpcErrors) content = error.all.map((one) => one.toXml());
      else throw error;
    }
    const major = this.device.facts.version.replace(/^(\d+\.\d+).*$/, "$1");
    const id = attribute(xml, "", "message-id");
    const head = `<rpc-reply xmlns="${BASE}" xmlns:junos="http://xml.juniper.net/junos/${major}R0/junos"${id === undefined ? "" : ` message-id="${escapeText(id)}"`}>\n`;
    await this.#say(`${head}${content.map((one) => printXml(one, { inside: BASE })).join("\n")}\n</rpc-reply>\n`);
    this.#dropAt(line, "after");
    if (line === "close-session") {
      this.end();
      this.request.stream.end();
    }
  }

  async #answer(operation: XmlElement, line: string): Promise<XmlElement[]> {
    const { faults, clock } = this.device.store;
    const mode = /^(?:edit|load|commit|discard|lock|unlock)/.test(line) ? "config" : "exec";
    this.#log.push({ atMs: clock.nowMs(), sessionId: this.sessionId, user: this.request.username, mode, line });
    this.#dropAt(line, "before");
    if (matches(faults.get("hang")?.at, line)) await this.#silence();
    if (faults.get("wrong-privilege") && mode === "config")
      throw new RpcError("access-denied", { type: "protocol", message: "permission denied" });
    return perform(this, operation);
  }

  #say(text: string): Promise<void> {
    const pieces = [...frame([Buffer.from(text)], "end-of-message", () => text.length)];
    return this.#output.raw(Buffer.concat(pieces));
  }

  #dropAt(line: string, moment: "before" | "after"): void {
    const fault = this.device.store.faults.get("drop");
    if (!fault || fault.moment !== moment || fault.afterBytes !== undefined || !matches(fault.at, line)) return;
    this.request.drop(fault.how);
    throw new SessionClosed("dropped by a fault");
  }

  #silence(): Promise<never> {
    const { signal } = this.#closing;
    return new Promise((_resolve, reject) => {
      const closed = (): void => reject(new SessionClosed("closed while hanging"));
      if (signal.aborted) closed();
      else signal.addEventListener("abort", closed, { once: true });
    });
  }

  /** The session is over, however it ended. A confirmed commit of its goes on waiting. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#closing.abort(new SessionClosed("the session is over"));
    this.device.netconf.delete(this.sessionId);
    this.device.leave(this.editor);
    this.device.store.ended(this.sessionId);
  }

  kill(): void {
    // Seen on boxes: to kill the session of a commit that waits takes the commit back.
    if (this.device.store.pending?.holder.sessionId === this.sessionId) this.device.store.revert("session-lost");
    this.end();
    this.request.stream.end();
  }
}
