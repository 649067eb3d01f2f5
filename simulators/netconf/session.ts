/** One NETCONF session: hello, framing, one request after the other, and the faults that meet any of them (RFC 6241 §4 and §8.1, RFC 6242). */
import type { SubsystemRequest } from "../ssh/server.ts";
import { Output, SessionClosed } from "../ssh/output.ts";
import { matches } from "../faults.ts";
import { endlessData } from "./bulk.ts";
import { RpcError, RpcErrors } from "./errors.ts";
import { frame, FrameFault, FrameReader, type ChunkPlan } from "./framing.ts";
import { agreedOn, helloText, readHello } from "./hello.ts";
import { BASE, NOKIA_PRIVATE } from "./names.ts";
import { perform } from "./operations.ts";
import { replyPieces, type Reply } from "./reply.ts";
import { describe, readRpc, type Rpc } from "./request.ts";
import type { NetconfServer, SessionHandle } from "./server.ts";
import { Workspace } from "./workspace.ts";
import { element, parseXml, XmlFault, type XmlElement } from "./xml.ts";

/** What waits to be read while a request is worked on; more than that and the stream is paused. */
const HELD_MAX_BYTES = 1024 * 1024;

export class NetconfSession implements SessionHandle {
  readonly sessionId: number;
  readonly user: string;
  readonly remote: string;
  readonly startedAtMs: number;
  workspace: Workspace;
  /** What the client announced; empty before its hello. */
  peerCapabilities: readonly string[] = [];
  readonly #server: NetconfServer;
  readonly #request: SubsystemRequest;
  readonly #closing = new AbortController();
  readonly #frames: FrameReader;
  readonly #output: Output;
  readonly #plan: ChunkPlan;
  #greeted = false;
  #working = false;
  #over = false;
  #inReply: { sent: number; dropAfter: number; how: "reset" | "close" } | undefined;
  #sent = 0;

  constructor(server: NetconfServer, request: SubsystemRequest, sessionId: number) {
    this.#server = server;
    this.#request = request;
    this.sessionId = sessionId;
    this.user = request.username;
    this.remote = request.remote;
    this.startedAtMs = server.store.clock.nowMs();
    this.#frames = new FrameReader(server.config.messageMaxBytes);
    this.#plan = chunkPlan(server);
    this.workspace = new Workspace(server, this, server.abilities.candidate === "private");
    this.#output = new Output({
      stream: request.stream,
      clock: server.store.clock,
      signal: this.#closing.signal,
      pace: () => server.store.faults.pace,
      onBytes: (count) => this.#count(count),
    });
  }

  start(): void {
    const { stream } = this.#request;
    stream.on("data", (bytes: Buffer) => this.#arrived(bytes));
    stream.once("end", () => this.#ended());
    stream.once("close", () => this.#ended());
    void this.#greet().catch(() => this.kill());
  }

  /** Both sides may speak first (RFC 6241 §8.1), so this waits for nobody. */
  async #greet(): Promise<void> {
    this.#dropAt("hello", "before");
    if (this.#server.store.faults.bites("hang", "hello")) await this.#silence();
    await this.#say([Buffer.from(helloText(this.#server, this.sessionId, this.user))]);
  }

  kill(): void {
    this.#ended();
    this.#request.stream.end();
  }

  #arrived(bytes: Buffer): void {
    if (this.#over) return;
    this.#frames.push(bytes);
    if (this.#working && this.#frames.heldBytes > HELD_MAX_BYTES) this.#request.stream.pause();
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    try {
      for (let message = this.#frames.next(); message && !this.#over; message = this.#frames.next())
        await this.#message(message.toString("utf8"));
    } catch (error) {
      if (!(error instanceof FrameFault) && !(error instanceof SessionClosed)) throw error;
      this.kill();
    } finally {
      this.#working = false;
      this.#request.stream.resume();
    }
  }

  async #message(text: string): Promise<void> {
    let xml: XmlElement;
    try {
      xml = parseXml(text.trim());
    } catch (error) {
      if (!(error instanceof XmlFault)) throw error;
      await this.#malformed(error);
      return;
    }
    if (!this.#greeted) return this.#hello(xml);
    let rpc: Rpc | undefined;
    let reply: Reply;
    try {
      rpc = readRpc(xml);
      reply = await this.#answer(rpc);
    } catch (error) {
      reply = errorReply(error);
    }
    await this.#reply(xml, reply);
    if (rpc) this.#dropAt(describe(rpc.operation), "after");
    if (reply.kind === "ok" && reply.last === true) this.kill();
  }

  /** RFC 6241 Appendix A: only a session of 1.1 may be told; either way it is the end. */
  async #malformed(error: XmlFault): Promise<void> {
    if (this.#greeted && this.#frames.framing === "chunked") {
      const fault = new RpcError("malformed-message", { type: "rpc", message: error.message.slice(0, 200) });
      await this.#reply(element(BASE, "rpc"), { kind: "errors", errors: [fault] });
    }
    this.kill();
  }

  #hello(xml: XmlElement): void {
    const capabilities = readHello(xml);
    const framing = capabilities && agreedOn(this.#server, capabilities);
    if (!capabilities || !framing) return this.kill();
    this.peerCapabilities = capabilities;
    this.#greeted = true;
    this.#frames.framing = framing;
    if (this.#server.abilities.candidate === "private-if-asked" && capabilities.includes(NOKIA_PRIVATE))
      this.workspace = new Workspace(this.#server, this, true);
  }

  async #answer(rpc: Rpc): Promise<Reply> {
    const { log, store } = this.#server;
    const line = describe(rpc.operation);
    const mode = /^(?:edit|load|copy|delete|commit)/.test(line) ? "config" : "exec";
    log.push({ atMs: store.clock.nowMs(), sessionId: this.sessionId, user: this.user, mode, line });
    this.#dropAt(line, "before");
    if (store.faults.get("hang")?.afterBytes === undefined && store.faults.bites("hang", line)) await this.#silence();
    const reply = perform(rpc.operation, this.#server, this);
    const warning = store.faults.get("rpc-warning");
    if (reply.kind === "ok" && warning && matches(warning.at, line)) {
      const beside = new RpcError("operation-failed", { severity: "warning", message: warning.message });
      return { ...reply, warnings: [...reply.warnings, beside], withOk: warning.withOk };
    }
    return reply;
  }

  async #reply(rpc: XmlElement, reply: Reply): Promise<void> {
    const operation = rpc.children[0];
    const fault = operation && this.#server.store.faults.bitesAnswer(describe(operation));
    if (fault?.kind === "drop" && fault.afterBytes !== undefined)
      this.#inReply = { sent: 0, dropAfter: fault.afterBytes, how: fault.how };
    const bulk = reply.kind === "data" && reply.bulkBytes > 0 ? endlessData(reply.bulkBytes) : [];
    const pieces = replyPieces(rpc, reply, this.#server.oddities, bulk, this.#frames.framing);
    await this.#say(pieces, fault?.kind === "hang" ? fault.afterBytes : undefined);
    this.#inReply = undefined;
  }

  async #say(pieces: Iterable<Buffer>, stallAfter = Number.POSITIVE_INFINITY): Promise<void> {
    let left = stallAfter;
    const framing = this.#greeted ? this.#frames.framing : "end-of-message";
    for (const bytes of frame(pieces, framing, this.#plan)) {
      if (bytes.length > left) {
        if (left > 0) await this.#output.raw(bytes.subarray(0, left));
        await this.#silence();
      }
      left -= bytes.length;
      await this.#output.raw(bytes);
    }
  }

  #count(bytes: number): void {
    this.#sent += bytes;
    const within = this.#inReply;
    if (within) {
      within.sent += bytes;
      if (within.sent >= within.dropAfter) this.#request.drop(within.how);
    }
    const fault = this.#server.store.faults.get("drop");
    if (fault?.afterBytes !== undefined && fault.at === undefined && this.#sent >= fault.afterBytes)
      this.#request.drop(fault.how);
  }

  #dropAt(line: string, moment: "before" | "after"): void {
    const { faults } = this.#server.store;
    if (faults.get("drop")?.afterBytes !== undefined) return;
    const fault = faults.bites("drop", line, moment);
    if (fault?.kind !== "drop") return;
    this.#request.drop(fault.how);
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

  #ended(): void {
    if (this.#over) return;
    this.#over = true;
    this.#closing.abort(new SessionClosed("the session is over"));
    if (this.#server.line.cut) this.#server.line.ghosts.push(() => this.#forgotten());
    else this.#forgotten();
  }

  /** The device knows that the session is over. */
  #forgotten(): void {
    const { sessions, store, abilities } = this.#server;
    sessions.delete(this.sessionId);
    const held = store.lockOf("candidate")?.sessionId === this.sessionId;
    store.ended(this.sessionId);
    if (held && abilities.unlockDiscards && !this.workspace.own) store.candidate = undefined;
  }
}

function errorReply(error: unknown): Reply {
  if (error instanceof RpcError) return { kind: "errors", errors: [error] };
  if (error instanceof RpcErrors) return { kind: "errors", errors: error.all };
  // A fault's own configuration that is no XML: whoever set it reads why.
  if (error instanceof XmlFault)
    return { kind: "errors", errors: [new RpcError("operation-failed", { message: error.message.slice(0, 200) })] };
  throw error;
}

/** How long each chunk is: the server's own way, cut shorter where a fault asks for it. */
function chunkPlan({ oddities, store }: NetconfServer): ChunkPlan {
  let state = oddities.chunkSeed ?? 0;
  return () => {
    const most = Math.min(oddities.chunkBytes ?? 65_536, store.faults.get("tiny-chunks")?.chunkBytes ?? 65_536);
    if (oddities.chunkSeed === undefined) return most;
    // A linear congruential step (Numerical Recipes): any spread of lengths does.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 1 + (state % most);
  };
}
