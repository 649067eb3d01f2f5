/** The trust repository: whole sets, updates of one held, and each kind of metadata. */
import { parseCanonical, sha256, type Bytes } from "../../../../shared/bytes.ts";
import { makeTrustWorld } from "../../../../shared/testing/trust-world.ts";
import { decodeTrustFile, encodeTrustFile } from "../../../../shared/tuf/file.ts";
import { METADATA_BYTES_MAX, readMetadata, ROLES } from "../../../../shared/tuf/metadata.ts";
import { openFirstTrust, openTrustUpdate, reopenTrust, type TrustView } from "../../../../shared/tuf/open.ts";
import type { TrustSet, TrustUpdate } from "../../../../shared/tuf/set.ts";
import type { SeededRandom } from "../../../simulation/random.ts";
import { spoilPart } from "../mutate-bytes.ts";
import { mutateEnvelope } from "../mutate-envelope.ts";
import { mutateJson } from "../mutate-json.ts";
import { meaning, part, text, type Input, type Mutator, type Target } from "../target.ts";

type World = Awaited<ReturnType<typeof makeTrustWorld>>;
let made: Promise<World> | undefined;
const theWorld = (): Promise<World> => (made ??= makeTrustWorld());

/** root, timestamp, snapshot, targets, keys, agents, inventory; an empty part is one that is not there. */
const partsOf = (set: TrustSet): Input => [
  set.root,
  set.timestamp,
  set.snapshot,
  set.targets,
  set.documents.keys,
  set.documents.agents ?? new Uint8Array(),
  set.documents.inventory ?? new Uint8Array(),
];
const there = (input: Input, place: number): Bytes | undefined =>
  part(input, place).length === 0 ? undefined : part(input, place);
const updateOf = (input: Input): TrustUpdate => ({
  roots: [part(input)],
  timestamp: there(input, 1),
  snapshot: there(input, 2),
  targets: there(input, 3),
  documents: { keys: there(input, 4), agents: there(input, 5), inventory: there(input, 6) } as TrustUpdate["documents"],
});

/** Envelopes are spoilt as envelopes; of metadata, which carries its signatures beside `signed`, members are. */
const spoil: Mutator = (samples, random) => {
  const first = spoilPart(samples, random, either);
  return random.chance(0.3) ? spoilPart([first, ...samples.slice(1)], random, either) : first;
};
const either = (valid: Uint8Array, others: readonly Uint8Array[], random: SeededRandom): Uint8Array =>
  (random.chance(0.5) ? mutateEnvelope : mutateJson)(valid, others, random);

const said = ({ set }: TrustView): string => meaning(...partsOf(set).map((bytes) => bytes));

/** Sets of later versions, and the one that is held. */
async function setsOf(world: World): Promise<readonly TrustSet[]> {
  const second = await world.setOf({ version: 2 });
  return [world.held, second, await world.setOf({ version: 3, timestampVersion: 5 })];
}

const update: Target = {
  name: "trust-update",
  share: 2,
  async prepare() {
    const world = await theWorld();
    const held = await reopenTrust(world.held);
    const root = await world.rootOf({}, [world.org.root]);
    const samples = [...(await setsOf(world)).map(partsOf), partsOf({ ...world.held, root })];
    return {
      samples,
      mutate: spoil,
      async take(input) {
        const next = await openTrustUpdate(held, updateOf(input), world.at);
        return partsOrFault(next.set, samples);
      },
    };
  },
};

/** Parts of several samples may make a set that holds. Then each is a sample's, byte for byte, and they name each other. */
function partsOrFault(set: TrustSet, samples: readonly Input[]): string {
  for (const [place, bytes] of partsOf(set).entries()) {
    const known = samples.some((sample) => Buffer.compare(part(sample, place), bytes) === 0);
    if (!known) return `part ${place}: ${meaning(bytes)}`;
  }
  return belongTogether(set) ? "a set of samples' parts" : "parts that do not belong together";
}

/** By what the metadata says, and not by the code that is under test. */
function belongTogether(set: TrustSet): boolean {
  const read = (bytes: Uint8Array) =>
    JSON.parse(text(bytes)) as { signed: { version: number } & Record<string, Record<string, Named>> };
  const [timestamp, snapshot, targets] = [read(set.timestamp), read(set.snapshot), read(set.targets)];
  const names = (named: Named | undefined, bytes: Uint8Array | undefined): boolean =>
    bytes === undefined || named?.hashes.sha256 === sha256(bytes);
  const { keys, agents, inventory } = set.documents;
  return (
    names(timestamp.signed["meta"]?.["snapshot.json"], set.snapshot) &&
    snapshot.signed["meta"]?.["targets.json"]?.version === targets.signed.version &&
    names(targets.signed["targets"]?.["keys.json"], keys) &&
    names(targets.signed["targets"]?.["agents.json"], agents) &&
    names(targets.signed["targets"]?.["inventory.json"], inventory)
  );
}
interface Named {
  readonly version: number;
  readonly hashes: { readonly sha256: string };
}

const first: Target = {
  name: "trust-first-set",
  async prepare() {
    const world = await theWorld();
    return {
      samples: [partsOf(world.held)],
      mutate: spoil,
      take: async (input) => said(await openFirstTrust(world.held.root, updateOf(input), world.at)),
    };
  },
};

/** The same as one file, as it lies on a stick or comes from a hub. */
const file: Target = {
  name: "trust-file",
  async prepare() {
    const world = await theWorld();
    const held = await reopenTrust(world.held);
    const sets = await setsOf(world);
    return {
      samples: sets.map(({ root, ...rest }) => [encodeTrustFile({ roots: [root], ...rest })]),
      mutate: (samples, random) => spoilPart(samples, random, mutateJson),
      async take(input) {
        const next = await openTrustUpdate(held, decodeTrustFile(part(input)), world.at);
        return partsOrFault(next.set, sets.map(partsOf));
      },
    };
  },
};

const metadata: readonly Target[] = ROLES.map((role) => ({
  name: `trust-${role}`,
  share: 0.5,
  async prepare() {
    const world = await theWorld();
    return {
      samples: [[world.held[role]]],
      mutate: (samples, random) => spoilPart(samples, random, mutateJson),
      take(input) {
        readMetadata(role, part(input));
        if (part(input).length > METADATA_BYTES_MAX) return "more than the cap";
        parseCanonical(part(input));
        return undefined;
      },
    };
  },
}));

export const trustTargets: readonly Target[] = [update, first, file, ...metadata];
