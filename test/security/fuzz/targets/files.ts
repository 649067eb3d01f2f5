/** Files and short texts that people are handed: inventory, variables, templates, key files, join tokens, the words of a proxy. */
import { createCipheriv, scryptSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jcs, toBase64url, utf8 } from "../../../../shared/bytes.ts";
import { FarhandError } from "../../../../shared/errors.ts";
import { generateSigningJwk } from "../../../../shared/keys.ts";
import { Secret } from "../../../../shared/secret.ts";
import { id, NO_DIGEST } from "../../../../shared/testing/org.ts";
import { ProxyUrl, reachError } from "../../../../agent/link/proxy.ts";
import { readToken } from "../../../../agent/cli/join-token.ts";
import { encodeJoinToken } from "../../../../hub/cli/agent/token.ts";
import { readInventoryFile } from "../../../../hub/cli/inventory/file.ts";
import { openKeyFile, readKeyFile } from "../../../../hub/cli/keys/key-file.ts";
import { Template } from "../../../../hub/cli/plan/template.ts";
import { readVariables } from "../../../../hub/cli/plan/variables.ts";
import { anyBytes, mutateBytes, spoilPart } from "../mutate-bytes.ts";
import { anyJson, mutateJson } from "../mutate-json.ts";
import { meaning, part, text, type Mutator, type Target } from "../target.ts";
import { theOrg } from "./documents.ts";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const INVENTORY = `org: acme
defaults: { platform: cisco_iosxe, credential: lab, port: 22, tags: { role: edge } }
sites:
  - { id: ams, wayHome: [r1], parallel: 4 }
  - { id: lon, wayHome: [] }
devices:
  - id: r1
    site: ams
    address: 192.0.2.1
    hostKeys: &pins ["${HOST_KEY}"]
    tags: { rack: "7" }
  - { id: r2, site: lon, address: "2001:db8::2", port: 2222, hostKeys: *pins, serial: FOC123, algorithms: modern }
`;

const inventory: Target = {
  name: "file-inventory",
  share: 2,
  prepare: () => ({
    samples: [[utf8(INVENTORY)]],
    mutate: anyBytes,
    take: (input) => void readInventoryFile("inventory.yaml", text(part(input))),
  }),
};

const VARIABLES = `all: { ntp: [192.0.2.9, 192.0.2.10], &x deep: { a: [1, 2, { b: null }] } }
sites: { ams: { asn: 65001 } }
devices: { ams-r1: { loopback: 10.0.0.1, neighbours: [{ name: a, asn: 1 }] } }
`;

const variables: Target = {
  name: "file-variables",
  async prepare() {
    const { inventory: view } = await theOrg();
    return {
      samples: [[utf8(VARIABLES)]],
      mutate: anyBytes,
      take: (input) => void readVariables("variables.yaml", text(part(input)), view),
    };
  },
};

const TEMPLATE = `hostname {{ name }}
{% for one in neighbours if one.asn > 0 %}
router bgp {{ one.asn | default(1) }}
 neighbor {{ one.name ~ "." }} password {{ secret("bgp/" ~ one.name) }}
{% else %}
no router bgp
{% endfor %}
{% macro twice(of) %}{{ of }}{{ of }}{% endmacro %}
{% set pairs = dict(a=1) %}{{ twice("x" | upper) }}{{ pairs.a }}
`;
const VALUES = {
  name: "r1",
  neighbours: [
    { name: "a", asn: 65001 },
    { name: "b", asn: 65002 },
  ],
};

/** The template is its author's own; what it is rendered with comes out of files and inventories of others. */
const template: Target = {
  name: "file-template",
  share: 0.5,
  prepare: () => ({
    samples: [[utf8(TEMPLATE), utf8(JSON.stringify(VALUES))]],
    mutate: (samples, random) => spoilPart(samples, random, random.chance(0.5) ? mutateJson : mutateBytes),
    take(input) {
      const values: unknown = valueOf(text(part(input, 1)));
      const made = new Template("edge.j2", text(part(input)));
      made.render("r1", typeof values === "object" && values !== null ? (values as Record<string, unknown>) : {});
      return undefined;
    },
  }),
};

function valueOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}

const PASSPHRASE = "a passphrase";

/** As sealKey makes it, but with a salt and a nonce that are the same in every run. */
async function keyFile(): Promise<Uint8Array> {
  const jwk = await generateSigningJwk();
  const [salt, iv] = [Buffer.alloc(16, 1), Buffer.alloc(12, 2)];
  const cost = { n: 1024, r: 1, p: 1 };
  const header = {
    schema: "farhand.key/1",
    owner: id.ann,
    crv: jwk.crv,
    publicKey: jwk.x,
    kdf: { name: "scrypt", ...cost, salt: toBase64url(salt) },
    cipher: { name: "A256GCM", iv: toBase64url(iv) },
  };
  const key = scryptSync(PASSPHRASE, salt, 32, { N: cost.n, r: cost.r, p: cost.p });
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(jcs(header));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(jwk)), cipher.final(), cipher.getAuthTag()]);
  return utf8(JSON.stringify({ ...header, sealed: toBase64url(sealed) }));
}

const keys: Target = {
  name: "file-key",
  async prepare() {
    const dir = join(tmpdir(), `farhand-fuzz-key-${process.pid}`);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const path = join(dir, "own.key.json");
    return {
      samples: [[await keyFile()]],
      mutate: anyJson,
      async take(input) {
        writeFileSync(path, part(input), { mode: 0o600 });
        return meaning(JSON.stringify(await openKeyFile(readKeyFile(path), new Secret(PASSPHRASE))));
      },
    };
  },
};

const TOKEN = {
  v: 1,
  url: "https://hub.test:8443",
  ca: "a certificate",
  org: id.org,
  site: id.ams,
  agent: id.agentAms,
  root: NO_DIGEST,
  id: "invite-1",
  secret: "A".repeat(43),
} as const;

/** The JSON inside spoilt and wrapped again, or any bytes of the token. */
const anyToken: Mutator = (samples, random) =>
  spoilPart(samples, random, (valid, others, chance) =>
    chance.chance(0.4)
      ? mutateBytes(valid, others, chance)
      : utf8(toBase64url(mutateJson(new Uint8Array(Buffer.from(text(valid), "base64url")), [], chance))),
  );

const tokens: Target = {
  name: "file-join-token",
  prepare: () => ({
    samples: [[utf8(encodeJoinToken(TOKEN))]],
    mutate: anyToken,
    take(input) {
      const { url } = readToken(text(part(input)));
      return new URL(url).protocol === "https:" ? undefined : "a hub that is not reached through TLS";
    },
  }),
};

/** What a proxy answered, in the words of whoever asked it; and the address that a person gave it. */
const proxies: Target = {
  name: "text-proxy",
  share: 0.5,
  prepare: () => ({
    samples: [
      [utf8("http://proxy.site:3128"), utf8("HTTP proxy refused: 407 Proxy Authentication Required")],
      [utf8("http://192.0.2.1:80"), utf8("unable to verify the first certificate")],
      [utf8("http://[2001:db8::1]:3128"), utf8("failed to connect to proxy: ECONNREFUSED")],
    ],
    mutate: anyBytes,
    take(input) {
      const url = ProxyUrl.safeParse(text(part(input)));
      const error = reachError(text(part(input, 1)), { url: "http://proxy.site:3128" });
      // oxlint-disable-next-line no-control-regex -- what must not be left
      if (error.code === "INTERNAL" || /[\u0000-\u001f\u007f-\u009f\u202e]/.test(error.message))
        return "words that a terminal would obey";
      if (url.success && new URL(url.data).protocol !== "http:") return "a proxy of another kind";
      if (!url.success) throw new FarhandError("USAGE", "no proxy's address");
      return undefined;
    },
  }),
};

export const fileTargets: readonly Target[] = [inventory, variables, template, keys, tokens, proxies];
