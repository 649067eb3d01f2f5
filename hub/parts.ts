import { randomBytes, randomUUID } from "node:crypto";
import type { Clock } from "../shared/clock.ts";
import { errorCode } from "../shared/errors.ts";
import type { Signer } from "../shared/keys.ts";
import { statements, type BoundaryObserver, type RefusalObserver, type Store } from "../shared/store.ts";
import { makeApi, type HubApi } from "./api/server/app.ts";
import { Refusals } from "./audit/refusals.ts";
import { Sequencer } from "./audit/sequencer.ts";
import { Watchers } from "./api/server/watchers.ts";
import { Pump } from "./ingest/pump.ts";
import { lapseAllAtStart } from "./links/contact.ts";
import type { LinkDeps } from "./links/deps.ts";
import { Links } from "./links/registry.ts";
import { withdrawFromBanned } from "./links/withdraw.ts";
import { WsLinks } from "./links/ws/server.ts";
import type { Log } from "./log.ts";
import { Performer } from "./performer.ts";
import { makeComposer } from "./plan/composer.ts";
import type { HubConfig, StateFolder } from "./state-folder.ts";
import { BlobCipher } from "./store/cipher.ts";
import { openHubStore } from "./store/open.ts";
import { Ticker } from "./ticker.ts";
import { TrustHolder } from "./trust.ts";

const sql = statements("hub", { probe: "SELECT 1 AS yes" });

export interface OpenHub {
  readonly api: HubApi;
  readonly ws: WsLinks;
  readonly log: Log;
  start(): void;
  /** Throws when the store does not answer. */
  probe(): Promise<void>;
  /** Ends the links, lets what was begun end, and closes the store. */
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly folder: StateFolder;
  readonly config: HubConfig;
  readonly publicUrl: string;
  readonly caPem: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly onBoundary?: BoundaryObserver;
  readonly onRefused?: RefusalObserver;
}

/** Puts the parts of a hub together: each is given what it uses, and nothing is found through a global. */
export async function openHub(options: OpenOptions): Promise<OpenHub> {
  const { folder } = options;
  const signer = await folder.signer();
  const cipher = new BlobCipher(folder.blobKey());
  folder.makePrivate("database");
  const store = openHubStore(folder.path("database"), options.onBoundary, undefined, options.onRefused);
  try {
    return await assemble(options, store, signer, cipher);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function assemble(options: OpenOptions, store: Store, signer: Signer, cipher: BlobCipher): Promise<OpenHub> {
  const { config, publicUrl, caPem, clock, log, version } = options;
  const random = Math.random;
  const effects = new Performer(log);
  const evidence = options.folder.evidence();
  const trust = new TrustHolder(store, clock, { id: config.id, signer, ...(evidence && { evidence: evidence.x }) });
  await trust.load();
  await lapseAllAtStart(store);
  const pump = new Pump({
    store,
    cipher,
    clock,
    random,
    effects,
    agent: (id) => trust.agent(id),
    trust: () => trust.state?.trust,
    onRefused: (agent, refused) => log.error("record-refused", { agent, ...refused }),
    onFault: (where, error) => log.error(where, { code: errorCode(error), detail: String(error).slice(0, 500) }),
  });
  const deps: LinkDeps = {
    store,
    clock,
    random,
    randomBytes,
    cipher,
    trust,
    hubId: config.id,
    signer,
    pump,
    effects,
    refusals: new Refusals(store, clock, log),
    log,
  };
  const links = new Links();
  const ws = new WsLinks(deps, links);
  const watchers = new Watchers();
  const composer = makeComposer(deps);
  effects.attach({ links, watchers, compose: (job) => composer.compose(job), kick: () => pump.kick() });
  trust.onChange((_, { documents }) => {
    links.trustChanged();
    if (documents.includes("agents"))
      withdrawFromBanned(deps).catch((error: unknown) => log.error("withdraw", { code: errorCode(error) }));
    // Receipts and plans of an agent that was approved only now may wait to be understood.
    pump.kick();
  });
  const startedMs = clock.nowMs();
  const bundles = { dir: options.folder.path("bundles"), evidence };
  const api = makeApi({ ...deps, bundles, publicUrl, caPem, version, startedMs, composer, watchers, links });
  const sequencer = new Sequencer({
    store,
    clock,
    signer,
    hubId: config.id,
    org: () => trust.state?.trust.org,
    holder: randomUUID(),
    onCheckpoint: () => links.checkpointMoved(),
    log,
  });
  const ticker = new Ticker({ store, clock, random, trust, links, pump, effects, log });
  return {
    api,
    ws,
    log,
    start() {
      pump.kick();
      ticker.start();
      sequencer.start();
    },
    async probe() {
      await store.read((tx) => tx.get(sql.probe));
    },
    async close() {
      ws.stop();
      watchers.moved();
      await ticker.stop();
      await pump.stop();
      await deps.refusals.stop();
      await sequencer.stop();
      await store.close();
    },
  };
}
