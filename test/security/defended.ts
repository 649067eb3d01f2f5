import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { FlattenedSign } from "jose";
import { sha256, toBase64url, type Bytes } from "../../shared/bytes.ts";
import type { TaskSpec } from "../../shared/documents/manifest.ts";
import { Receipt } from "../../shared/documents/receipt.ts";
import { openEnvelope, type Envelope, type EnvelopeType } from "../../shared/envelope.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import type { DeviceId, Digest } from "../../shared/ids.ts";
import type { Signer } from "../../shared/keys.ts";
import { changeTask, id } from "../../shared/testing/org.ts";
import type { UpHeader } from "../../shared/wire/messages.ts";
import type { AgentOptions, RunningAgent } from "../../agent/compose.ts";
import type { Driver } from "../../drivers/types.ts";
import type { Work } from "../agent/script-hub.ts";
import { makeSite, type Site, type SiteOptions } from "../agent/site.ts";
import { until } from "../agent/until.ts";
import { HubLog } from "./hub-log.ts";

/** Stands at a device's address and counts who comes: no code of the agent's has a say in the number. */
class Doorstep {
  connections = 0;
  readonly server: Server;

  private constructor() {
    this.server = createServer((socket) => {
      this.connections++;
      socket.on("error", () => undefined).resume();
    });
  }

  static async at(host: string): Promise<Doorstep> {
    const door = new Doorstep();
    await new Promise<void>((resolve) => door.server.listen(0, host, resolve));
    return door;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
}

const dial = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket));
    socket.once("error", reject);
  });

/** The driver of the devices in memory, which goes to the address in the signed inventory first. */
const dialling = (driver: Driver): Driver => ({
  ...driver,
  async open(options) {
    const socket = await dial(options.target.address, options.target.port);
    try {
      const session = await driver.open(options);
      return {
        ...session,
        close: async () => {
          socket.destroy();
          await session.close();
        },
      };
    } catch (error) {
      socket.destroy();
      throw error;
    }
  },
});

export interface Attack {
  readonly work: Work | (() => Promise<Work>);
  readonly code: ErrorCode;
  /** Nobody vouches for the offer, so the hub gets no answer; the log has it. */
  readonly unheard?: boolean;
}

export interface Refused {
  readonly code: string;
  /** By the agent itself. */
  readonly logged: boolean;
  /** An entry in the hub's audit log, made of what the agent said. Where nobody vouches for an offer the agent says nothing. */
  readonly audited: boolean;
  readonly connections: number;
}

/** What every row of the table asks of a refusal: its code, an entry in both logs, and a device that heard nothing. */
export const refusedAs = (code: ErrorCode): Refused => ({ code, logged: true, audited: true, connections: 0 });
/** Where nobody vouches for the offer: an agent answers only its hub. */
export const unheardAs = (code: ErrorCode): Refused => ({ ...refusedAs(code), audited: false });

/** A real agent at a site whose devices count every connection at their own sockets. */
export class Defended {
  readonly site: Site;
  agent: RunningAgent;
  readonly #hubLog = new HubLog();
  readonly #doors: readonly Doorstep[];
  readonly #start: (how?: Partial<AgentOptions>) => Promise<RunningAgent>;
  #jobs = 0;

  private constructor(site: Site, doors: readonly Doorstep[], agent: RunningAgent) {
    this.site = site;
    this.#doors = doors;
    this.agent = agent;
    this.#start = (how) => site.start(undefined, how);
  }

  static async start(options: SiteOptions = {}): Promise<Defended> {
    const host = "127.0.0.1";
    const doors = await Promise.all([Doorstep.at(host), Doorstep.at(host)]);
    const ports = new Map(doors.map((door, index) => [`ams-r${index + 1}`, door.port]));
    const site = await makeSite({
      ...options,
      place: (device) => ({ ...device, address: host, port: ports.get(device.id) ?? 1 }),
      driver: (fake) => dialling((options.driver ?? ((same) => same))(fake)),
    });
    const defended = new Defended(site, doors, await site.start());
    await defended.linked();
    return defended;
  }

  async linked(): Promise<void> {
    await until("the link", () => this.agent.isLive());
  }

  /** Whoever came to any device's address, ever. */
  get connections(): number {
    return this.#doors.reduce((sum, door) => sum + door.connections, 0);
  }

  async restart(how?: Partial<AgentOptions>): Promise<void> {
    await this.agent.stop();
    this.agent = await this.#start(how);
    await this.linked();
  }

  async stop(): Promise<void> {
    await this.site.stop();
    await this.#hubLog.close();
    for (const { server } of this.#doors) server.close();
  }

  /** The lines of the agent's log since `mark` that name the code. */
  logged(code: string, mark = 0): string[] {
    return this.site.log.slice(mark).filter((line) => line.includes(`"${code}"`));
  }

  rejectsOf(manifest: Digest): ErrorCode[] {
    return this.#rejects(manifest).map(({ code }) => code);
  }

  #rejects(manifest: Digest): UpHeader<"reject">[] {
    return this.site.hub.said.flatMap((said) =>
      said.kind === "reject" && said.header.manifest === manifest ? [said.header] : [],
    );
  }

  async receiptOf(manifest: Digest, attempt = 1): Promise<Receipt> {
    const { hub } = this.site;
    return until("a receipt", async () => {
      for (const { envelope } of hub.records("receipt")) {
        const opened = await openEnvelope("farhand-receipt+jws", envelope, () => hub.agentKey);
        const receipt = Receipt.parse(opened.value);
        if (receipt.manifest === manifest && receipt.attempt === attempt) return receipt;
      }
      return undefined;
    });
  }

  /** Offers it; resolves with what was refused, who has written it down, and how many connections any device counted. */
  async refuses({ work, code, unheard }: Attack): Promise<Refused> {
    const made = typeof work === "function" ? await work() : work;
    const manifest = made.over?.manifest ?? sha256(made.manifest);
    const [mark, before, heard] = [this.site.log.length, this.connections, this.rejectsOf(manifest).length];
    this.site.hub.offer(made);
    const refused = await until(`the refusal as ${code}`, () =>
      unheard ? this.refusalIn(mark) : this.rejectsOf(manifest)[heard],
    );
    return {
      code: refused,
      logged: this.logged(code, mark).length > 0,
      audited: await this.audits(manifest, heard),
      connections: this.connections - before,
    };
  }

  /** The hub serves it; resolves with what the agent said of it, who has written that down, and how many connections any device counted. */
  async refusesTrust(frames: readonly Bytes[], code: ErrorCode): Promise<Refused> {
    const { hub } = this.site;
    const said = (): UpHeader<"trusted">[] => hub.said.flatMap((one) => (one.kind === "trusted" ? [one.header] : []));
    const [mark, before, heard] = [this.site.log.length, this.connections, said().length];
    for (const frame of frames) hub.sendRaw(frame);
    const answer = await until(`what it says of trust, ${code}`, () => said()[heard]);
    return {
      code: answer.code ?? "taken",
      logged: this.logged(code, mark).length > 0,
      audited: await this.#hubLog.holdsTrust(id.agentAms, answer),
      connections: this.connections - before,
    };
  }

  /** The hub serves it, and it is in force. Resolves with the versions held. */
  async takesTrust(frames: readonly Bytes[]): Promise<UpHeader<"trusted">["held"]> {
    const { hub } = this.site;
    const said = (): UpHeader<"trusted">[] => hub.said.flatMap((one) => (one.kind === "trusted" ? [one.header] : []));
    const heard = said().length;
    for (const frame of frames) hub.sendRaw(frame);
    const answer = await until("what it says of trust", () => said()[heard]);
    if (answer.code !== null) throw new Error(`refused: ${answer.code} ${answer.detail}`);
    return answer.held;
  }

  /** Whether the hub's audit log holds what the agent said of this work, the `place`th time that it refused it. */
  async audits(manifest: Digest, place = 0): Promise<boolean> {
    const reject = this.#rejects(manifest)[place];
    return reject !== undefined && (await this.#hubLog.holds(id.agentAms, reject));
  }

  /** The code of the first refusal in the log since `mark`. */
  refusalIn(mark: number): string | undefined {
    const line = this.site.log.slice(mark).find((entry) => /^(refused|trust-refused) /.test(entry));
    return line === undefined ? undefined : /"code":"([A-Z_]+)"/.exec(line)?.[1];
  }

  /** Valid work, to its end: the agent still hears, and its devices' counters still count. */
  async works(): Promise<void> {
    const before = this.connections;
    const work = await this.site.work([{ kind: "collect", device: "ams-r1" as DeviceId }]);
    this.site.hub.offer(work);
    const receipt = await this.receiptOf(sha256(work.manifest));
    if (receipt.outcome !== "SUCCEEDED") throw new Error(`valid work ended ${receipt.outcome} ${receipt.code}`);
    if (this.connections !== before + 1) throw new Error(`${this.connections - before} connections for one read`);
  }

  /** A change that adds one line to ams-r1, as a plan would have made it; each call another line. */
  change(over: Parameters<typeof changeTask>[1] = {}, line = `ntp server 192.0.2.${10 + this.#jobs++}`): TaskSpec {
    const { site } = this;
    const before = site
      .device("ams-r1")
      .lines.map((entry) => `${entry}\n`)
      .join("");
    return changeTask("ams-r1", {
      text: site.text(`${line}\n`),
      preImage: sha256(before),
      diff: site.text(JSON.stringify([{ line, op: "add", path: [] }])),
      commands: site.text(JSON.stringify([line])),
      ...over,
    });
  }
}

/** What `signEnvelope` does for honest people, over any bytes and under any header. */
export async function signRaw(
  type: EnvelopeType,
  bytes: Bytes,
  signers: readonly Signer[],
  header: Readonly<Record<string, unknown>> = {},
): Promise<Envelope> {
  const signatures = await Promise.all(
    signers.map(async (signer) => {
      const sign = new FlattenedSign(bytes).setProtectedHeader({
        alg: "Ed25519",
        kid: signer.kid,
        typ: type,
        ...header,
      });
      const { protected: head, signature } = await sign.sign(signer.key);
      return { protected: head ?? "", signature };
    }),
  );
  return { payload: toBase64url(bytes), signatures };
}
