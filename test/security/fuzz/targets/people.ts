/** What people bring from elsewhere: host keys in three forms, a kit for the night, a plan made by hand, the policy of a jump host's owner. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { jcs, sha256, toBase64url, utf8 } from "../../../../shared/bytes.ts";
import { signEnvelope } from "../../../../shared/envelope.ts";
import { fileOfUpdate } from "../../../../shared/tuf/file.ts";
import { receiptDocument } from "../../../../shared/testing/audit.ts";
import { agentOf, makeBreakglass, makeGrant, NO_DIGEST, type TestOrg } from "../../../../shared/testing/org.ts";
import { readPolicyText } from "../../../../agent/policy/document.ts";
import { readBroughtPlan, readKit } from "../../../../hub/cli/breakglass/kit.ts";
import { readConsoleFile } from "../../../../hub/cli/hostkeys/console.ts";
import { readKnownHosts } from "../../../../hub/cli/hostkeys/known-hosts.ts";
import { openSeen, writeSeen } from "../../../../hub/cli/hostkeys/seen.ts";
import type { Trusted } from "../../../../hub/cli/trust/load.ts";
import { anyBytes } from "../mutate-bytes.ts";
import { anyJson } from "../mutate-json.ts";
import { meaning, part, text, type Target } from "../target.ts";
import { theOrg } from "./documents.ts";

const PUBLIC_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const KEY = `ssh-ed25519 ${PUBLIC_KEY}`;
const KNOWN_HOSTS = `# by hand
192.0.2.1,r1.example ${KEY} a comment
[192.0.2.2]:2222 ${KEY}
|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|AAAAAAAAAAAAAAAAAAAAAAAAAAA= ${KEY}
@revoked * ${KEY}
@cert-authority *.example ${KEY}
`;

const knownHosts: Target = {
  name: "hostkeys-known-hosts",
  prepare: () => ({
    samples: [[utf8(KNOWN_HOSTS)]],
    mutate: anyBytes,
    take(input) {
      const read = readKnownHosts(text(part(input)));
      if (read.notes.length > 21) return "notes without end";
      const keys = [
        ...read.keysOf({ address: "192.0.2.1", port: 22 }),
        ...read.keysOf({ address: "192.0.2.2", port: 2222 }),
      ];
      return keys.every(({ publicKey }) => publicKey.startsWith("AAAA")) ? undefined : "a key that is none";
    },
  }),
};

const consoleFile: Target = {
  name: "hostkeys-console",
  share: 0.5,
  prepare: () => ({
    samples: [[utf8(`ams-r1 SHA256:${"A".repeat(43)} # read aloud\nams-r2 ${KEY}\n`)]],
    mutate: anyBytes,
    take: (input) => void readConsoleFile("console.txt", text(part(input))),
  }),
};

/** Two receipts of an agent, and the outputs that they name by digest. */
async function seenFile(org: TestOrg): Promise<Uint8Array> {
  const outputs = ["ams-r1", "ams-r2"].map((device) => {
    const keys = [{ algorithm: "ssh-ed25519", publicKey: PUBLIC_KEY }];
    return jcs({ type: "host-keys", v: 1, device, address: "192.0.2.1", port: 22, inventory: NO_DIGEST, keys });
  });
  const tasks = outputs.map((bytes, at) => ({
    device: `ams-r${at + 1}`,
    state: "DONE",
    code: null,
    detail: null,
    startedAt: 1,
    endedAt: 2,
    before: null,
    after: null,
    diff: null,
    transcript: null,
    output: { sha256: sha256(bytes), bytes: bytes.length },
    level: null,
    evidence: null,
    verified: [],
    applies: 0,
  }));
  const receipt = receiptDocument({ tasks: tasks as never });
  return utf8(writeSeen([await signEnvelope("farhand-receipt+jws", receipt, [agentOf(org).signer])], outputs));
}

const seen: Target = {
  name: "hostkeys-seen",
  async prepare() {
    const org = await theOrg();
    const trusted = { store: org.trust, agents: org.agentsDocument, inventory: org.inventory } as unknown as Trusted;
    return {
      samples: [[await seenFile(org)]],
      mutate: anyJson,
      async take(input) {
        const { sightings } = await openSeen("seen.json", text(part(input)), trusted);
        // Fewer may be believed, never others: which device showed which keys.
        const said = [...sightings.values()].map(({ device, keys }) => `${device} ${JSON.stringify(keys)}`);
        const known = new Set(
          ["ams-r1", "ams-r2"].map(
            (device) => `${device} ${JSON.stringify([{ algorithm: "ssh-ed25519", publicKey: PUBLIC_KEY }])}`,
          ),
        );
        return said.every((sighting) => known.has(sighting)) ? "what devices showed" : meaning(said.join());
      },
    };
  },
};

const fileNamed = (name: string): string => join(tmpdir(), `farhand-fuzz-${process.pid}-${name}`);

/** Read, and its signatures looked at by whoever uses it: only its form is this reader's. */
const kit: Target = {
  name: "breakglass-kit",
  share: 0.5,
  async prepare() {
    const org = await theOrg();
    const { root, ...rest } = org.view.set;
    const trust = fileOfUpdate({ roots: [root], ...rest });
    const breakglass = await signEnvelope("farhand-breakglass+jws", makeBreakglass(org), [
      org.people.ann,
      org.people.bob,
    ]);
    const grant = await signEnvelope("farhand-grant+jws", makeGrant(org), [org.people.ann]);
    const path = fileNamed("kit.json");
    return {
      samples: [[utf8(JSON.stringify({ schema: "farhand.breakglass-kit/1", trust, breakglass, grant }))]],
      mutate: anyJson,
      take(input) {
        writeFileSync(path, part(input));
        readKit(path);
        return undefined;
      },
    };
  },
};

const broughtPlan: Target = {
  name: "breakglass-plan",
  share: 0.5,
  async prepare() {
    const org = await theOrg();
    const plan = await signEnvelope("farhand-plan+jws", receiptDocument(), [agentOf(org).signer]);
    const path = fileNamed("plan.json");
    return {
      samples: [
        [utf8(JSON.stringify({ schema: "farhand.brought-plan/1", plan, texts: [toBase64url(utf8("a text"))] }))],
      ],
      mutate: anyJson,
      take(input) {
        writeFileSync(path, part(input));
        for (const [digest, bytes] of readBroughtPlan(path).texts)
          if (sha256(bytes) !== digest) return "a text under another name";
        return undefined;
      },
    };
  },
};

const POLICY = `v: 1
stop: somebody works on the racks
risks: [read, change]
kinds: [collect, run]
devices: [ams-r1, ams-r2]
credentials: [lab]
devicesPerManifestMax: 5
changesPerHourMax: 20
windows: { timeZone: Europe/Amsterdam, open: [{ days: [sat, sun], from: "22:00", to: "04:00" }] }
`;

const policy: Target = {
  name: "file-local-policy",
  share: 0.5,
  prepare: () => ({
    samples: [[utf8(POLICY)]],
    mutate: anyBytes,
    take: (input) => void readPolicyText(text(part(input))),
  }),
};

export const peopleTargets: readonly Target[] = [knownHosts, consoleFile, seen, kit, broughtPlan, policy];
