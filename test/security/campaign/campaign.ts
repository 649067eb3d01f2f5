import { existsSync } from "node:fs";
import { sha256, type Bytes } from "../../../shared/bytes.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import type { DeviceId, Digest } from "../../../shared/ids.ts";
import { encodeDown } from "../../../shared/wire/messages.ts";
import { makeSite, type Site } from "../../agent/site.ts";
import { until } from "../../agent/until.ts";
import { SeededRandom } from "../../simulation/random.ts";
import { ATTACKS, CHANGED, shotOf, STRANGE } from "./attacks.ts";
import { HostileHub, type Piece, type Shot } from "./hostile-hub.ts";
import { Ledger } from "./ledger.ts";

export interface CampaignOptions {
  readonly seed: number;
  /** Messages to send; the campaign ends with the batch that reaches it. */
  readonly messages: number;
}

export interface Outcome {
  readonly messages: number;
  readonly jobs: number;
  readonly replays: number;
  readonly refused: ReadonlyMap<ErrorCode, number>;
  /** Answers that were not what the attack must come to. */
  readonly surprises: readonly string[];
  readonly faults: readonly string[];
  readonly links: number;
}

const SHOTS = 60;
const JOBS_SHARE = 0.25;
const DEVICES = ["ams-r1", "ams-r2", "ams-r3", "ams-r4", "ams-r5", "ams-r6"] as DeviceId[];
/** Every commit is a FULL one; in memory it costs what the verifier costs, and not what this machine's disk does. */
const MEMORY = "/dev/shm";

async function siteOf(): Promise<Site> {
  return makeSite({
    ...(existsSync(MEMORY) ? { folder: MEMORY } : {}),
    place: (device) =>
      device.id !== "ams-r2"
        ? device
        : [
            ...[device.id, ...DEVICES.slice(2), CHANGED].map((name) => ({ ...device, id: name })),
            { ...device, id: "ams-strange" as DeviceId, platform: STRANGE },
          ],
  });
}

/** A campaign against one agent: batches of shuffled lies and signed work, each waited for to its end. */
class Campaign {
  readonly #site: Site;
  readonly #hub: HostileHub;
  readonly #random: SeededRandom;
  readonly #ledger = new Ledger();
  readonly #expected = new Map<Digest, Set<ErrorCode>>();
  readonly #pieces: Piece[] = [];
  #messages = 0;
  #jobs = 0;
  #replays = 0;

  constructor(site: Site, seed: number) {
    this.#site = site;
    this.#random = new SeededRandom(seed);
    this.#hub = new HostileHub(site, this.#random);
    for (const [name, device] of site.devices) {
      device.during = (operation) => {
        if (operation.startsWith("show ")) this.#ledger.heard(operation);
        if (operation === "apply") this.#ledger.heard(`${name} ${device.lines.at(-1)}`);
        return Promise.resolve();
      };
    }
  }

  async run(messages: number): Promise<Outcome> {
    const agent = await this.#site.start();
    await until("the first pull", () => agent.isLive() && this.#site.hub.nonce !== "");
    await this.#hub.renew();
    // A number is stale only once a newer one has reached the device.
    for (const frame of (await this.#change()).frames) this.#send(frame);
    await this.#settle();
    const links = this.#site.hub.connections;
    while (this.#messages < messages) await this.#batch();
    await until("every job's receipt", () => this.#site.hub.records("receipt").length >= this.#jobs, 60_000);
    await agent.stop();
    return {
      messages: this.#messages,
      jobs: this.#jobs,
      replays: this.#replays,
      refused: this.#refused(),
      surprises: this.#surprises(),
      faults: [...this.#ledger.faults(), ...this.#evilLines(), ...this.#site.hub.faults],
      links: this.#site.hub.connections - links,
    };
  }

  async #batch(): Promise<void> {
    const shots: Shot[] = [];
    for (let count = 0; count < SHOTS; count++) {
      if (this.#random.chance(JOBS_SHARE)) shots.push(await this.#job());
      else if (this.#random.chance(0.06)) shots.push(...(await this.#again()));
      else shots.push(await shotOf(this.#random.pick(ATTACKS), this.#hub));
    }
    shots.push(await this.#change(), await this.#usedNumber(), await this.#underGrant());
    for (const shot of shots)
      if (shot.digest && shot.code)
        this.#expected.set(shot.digest, (this.#expected.get(shot.digest) ?? new Set()).add(shot.code));
    for (const frame of this.#interleaved(shots)) this.#send(frame);
    await this.#settle();
    if (!this.#random.chance(0.1)) return;
    // Not in the middle: each wake is answered by a pull, and the offers of an old pull would be refused for their age alone.
    await this.#flood();
    await this.#settle();
  }

  /** Offers before their manifests, and otherwise in any order. */
  #interleaved(shots: readonly Shot[]): Bytes[] {
    const frames: Bytes[] = [];
    const open: Bytes[][] = [];
    const queues = this.#shuffled(shots.map(({ frames: own }) => [...own]));
    while (queues.length > 0 || open.length > 0) {
      // Few stand open at once, so that none of them is forgotten for the number that waits.
      const isNew = queues.length > 0 && (open.length === 0 || (open.length < 8 && this.#random.chance(0.5)));
      const queue = isNew ? queues.pop() : open.splice(this.#random.integer(0, open.length - 1), 1)[0];
      const frame = queue?.shift();
      if (!queue || !frame) continue;
      frames.push(frame);
      if (queue.length > 0) open.push(queue);
    }
    return frames;
  }

  #shuffled<T>(items: T[]): T[] {
    for (let at = items.length - 1; at > 0; at--) {
      const other = this.#random.integer(0, at);
      const [a, b] = [items[at], items[other]];
      if (a !== undefined && b !== undefined) [items[at], items[other]] = [b, a];
    }
    return items;
  }

  #send(frame: Bytes): void {
    this.#messages++;
    this.#site.hub.sendRaw(frame);
  }

  /** A read that people signed; the hub lies about the time of its offer. */
  async #job(): Promise<Shot> {
    const words = `show job-${this.#hub.next()}`;
    const piece = await this.#hub.warranted([this.#hub.run(this.#random.pick(DEVICES), words)]);
    this.#ledger.entitle({ digest: sha256(piece.manifest), words });
    this.#pieces.push(piece);
    this.#jobs++;
    const iat = this.#hub.now() + this.#random.pick([0, 0, -86_400 * 365, 86_400 * 365, 60, -60]);
    return { name: "a job", code: null, frames: await this.#hub.offer(piece, { iat, exp: iat + 300 }) };
  }

  /** One signed change at a time: the next one's pre-image is what this one leaves. */
  async #change(): Promise<Shot> {
    const line = `ntp server job-${this.#hub.next()}`;
    const piece = await this.#hub.warranted([this.#hub.change(CHANGED, line)]);
    this.#ledger.entitle({ digest: sha256(piece.manifest), words: `${CHANGED} ${line}` });
    this.#pieces.push(piece);
    this.#jobs++;
    return { name: "a change", code: null, frames: await this.#hub.offer(piece) };
  }

  /** What a grant enumerates, the hub may ask for alone. */
  async #underGrant(): Promise<Shot> {
    const words = `show granted-${this.#hub.next()}`;
    const piece = await this.#hub.granted([this.#hub.run(this.#random.pick(DEVICES), words)], {
      grant: { commands: [words] },
    });
    this.#ledger.entitle({ digest: sha256(piece.manifest), words });
    this.#pieces.push(piece);
    this.#jobs++;
    return { name: "a read under a grant", code: null, frames: await this.#hub.offer(piece) };
  }

  /** Signed work of an earlier batch, offered again under other numbers and for other times. */
  async #again(): Promise<Shot[]> {
    const held = this.#pieces.slice(0, -SHOTS * 2);
    if (held.length === 0) return [];
    const piece = this.#random.pick(held);
    this.#replays++;
    const digest = sha256(piece.manifest);
    return [{ name: "again", code: "REPLAY", digest, frames: await this.#hub.offer(piece) }];
  }

  /** Signed work under a number that other work has taken: refused, and not lost for it. */
  async #usedNumber(): Promise<Shot> {
    const piece = await this.#hub.warranted([
      this.#hub.run(this.#random.pick(DEVICES), `show evil-${this.#hub.next()}`),
    ]);
    const digest = sha256(piece.manifest);
    return { name: "a used number", code: "SEQUENCE", digest, frames: await this.#hub.offer(piece, { sequence: 1 }) };
  }

  /** Offers whose manifests never come, wakes, and cancels of what was never offered. */
  async #flood(): Promise<void> {
    const piece = await this.#hub.warranted([this.#hub.run(DEVICES[0] ?? CHANGED, `show evil-${this.#hub.next()}`)]);
    for (let count = 0; count < 70; count++) {
      const [offer] = await this.#hub.offer(piece, { manifest: sha256(`flood ${this.#hub.next()}`) });
      if (offer) this.#send(offer);
      this.#send(encodeDown("wake", {}));
    }
    for (let count = 0; count < 10; count++) this.#send(await this.#hub.cancel({}));
  }

  /** A cancel is answered in its turn: what stood before it has been handled, and what began has come to its end. */
  async #settle(): Promise<void> {
    const { hub } = this.#site;
    const mark = sha256(`mark ${this.#hub.next()}`);
    this.#send(await this.#hub.cancel({ manifest: mark }));
    await until(
      "the mark",
      () => hub.said.some((said) => said.kind === "canceled" && said.header.manifest === mark),
      60_000,
    );
    await until("the jobs", () => hub.records("receipt").length >= this.#jobs, 60_000);
  }

  /** By the agent's own log: what was refused unheard, what was answered, and what became a row. */
  #refused(): Map<ErrorCode, number> {
    const counts = new Map<ErrorCode, number>();
    for (const line of this.#site.log) {
      if (!/^(refused|trust-refused) |^assignment .*"REJECTED"/.test(line)) continue;
      const code = /"code":"([A-Z_]+)"/.exec(line)?.[1] as ErrorCode | undefined;
      if (code !== undefined) counts.set(code, (counts.get(code) ?? 0) + 1);
    }
    return counts;
  }

  #surprises(): string[] {
    const answered = new Map<Digest, Set<string>>();
    for (const said of this.#site.hub.said) {
      if (said.kind !== "reject") continue;
      const { manifest, code } = said.header;
      answered.set(manifest, (answered.get(manifest) ?? new Set()).add(code));
    }
    const wrong = [...this.#expected].filter(([digest, codes]) => {
      const got = answered.get(digest);
      return got === undefined || [...got].some((code) => !codes.has(code as ErrorCode));
    });
    const unasked = [...answered.keys()].filter((digest) => !this.#expected.has(digest));
    return [
      ...wrong.map(
        ([digest, codes]) => `${[...codes].join()} wanted, ${[...(answered.get(digest) ?? ["nothing"])].join()} said`,
      ),
      ...unasked.map((digest) => `${[...(answered.get(digest) ?? [])].join()} said of signed work`),
    ];
  }

  #evilLines(): string[] {
    return [...this.#site.devices].flatMap(([name, device]) =>
      device.lines.filter((line) => line.startsWith("evil")).map((line) => `${name} holds ${line}`),
    );
  }
}

export async function runCampaign({ seed, messages }: CampaignOptions): Promise<Outcome> {
  const site = await siteOf();
  try {
    return await new Campaign(site, seed).run(messages);
  } finally {
    await site.stop();
  }
}
