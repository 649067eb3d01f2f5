/** What is encrypted to one reader: sealed configurations, credentials, the challenge of an enrolment, parts of the hub's store. */
import { jcs, utf8 } from "../../../../shared/bytes.ts";
import { boxProof, holdsBoxKey, openBoxChallenge, sealBoxChallenge } from "../../../../shared/box-proof.ts";
import type { CredentialContext } from "../../../../shared/documents/credential.ts";
import { FarhandError } from "../../../../shared/errors.ts";
import { generateBoxJwk, type BoxPublicKey } from "../../../../shared/keys.ts";
import { openCredential, sealCredential } from "../../../../shared/sealed-credential.ts";
import { openConfiguration, recoverConfiguration, requireMark, sealConfiguration } from "../../../../shared/sealed.ts";
import { id, TEST_NOW_SECONDS } from "../../../../shared/testing/org.ts";
import { BlobCipher } from "../../../../hub/store/cipher.ts";
import { anyBytes } from "../mutate-bytes.ts";
import { anyJson } from "../mutate-json.ts";
import { meaning, part, text, type Target } from "../target.ts";

const place = { org: id.org, site: id.ams, device: "ams-r1" as never };
const siteKey = new Uint8Array(32).fill(9);
const CONFIGURATION = "hostname ams-r1\nenable secret 9 something\n";

const configuration: Target = {
  name: "sealed-configuration",
  async prepare() {
    const keys = [await generateBoxJwk(), await generateBoxJwk()] as const;
    const recipients = keys.map((key) => key.x as BoxPublicKey);
    return {
      samples: [[await sealConfiguration(CONFIGURATION, place, recipients, siteKey)]],
      mutate: anyJson,
      async take(input) {
        requireMark(part(input), siteKey);
        return meaning(await openConfiguration(part(input), place, keys[0]));
      },
    };
  },
};

/** Without the site key: only what its authentication covers is known, and that is the text and its device. */
const recovery: Target = {
  name: "sealed-recovery",
  async prepare() {
    const key = await generateBoxJwk();
    return {
      samples: [[await sealConfiguration(CONFIGURATION, place, [key.x as BoxPublicKey])]],
      mutate: anyJson,
      async take(input) {
        const opened = await recoverConfiguration(part(input), key);
        return meaning(jcs(opened.place), opened.text);
      },
    };
  },
};

const credential: Target = {
  name: "sealed-credential",
  async prepare() {
    const key = await generateBoxJwk();
    const context: CredentialContext = {
      org: id.org,
      site: id.ams,
      agent: id.agentAms,
      kind: "secret",
      name: "radius",
      version: 3,
      exp: TEST_NOW_SECONDS,
    };
    return {
      samples: [
        [utf8(await sealCredential({ kind: "secret", value: "a shared word" }, context, key.x as BoxPublicKey))],
      ],
      mutate: anyJson,
      async take(input) {
        const opened = await openCredential(text(part(input)), context, key);
        return meaning(opened.kind, JSON.stringify(opened.value));
      },
    };
  },
};

const challenge: Target = {
  name: "sealed-challenge",
  async prepare() {
    const key = await generateBoxJwk();
    const secret = new Uint8Array(32).fill(5);
    return {
      samples: [[utf8(await sealBoxChallenge(secret, key.x as BoxPublicKey)), utf8(boxProof(secret, utf8("request")))]],
      mutate: anyBytes,
      async take(input) {
        const opened = await openBoxChallenge(text(part(input)), key);
        if (!holdsBoxKey(opened, utf8("request"), text(part(input, 1))))
          throw new FarhandError("CHALLENGE", "another proof");
        return meaning(opened);
      },
    };
  },
};

/** Parts of the hub's own store, as somebody who can write its disk leaves them. */
const store: Target = {
  name: "sealed-store",
  prepare() {
    const cipher = new BlobCipher(new Uint8Array(32).fill(3));
    const sealed = cipher.seal("a label", utf8("a text that is long enough to be packed ".repeat(20)));
    return {
      samples: [[new Uint8Array(sealed)]],
      mutate: anyBytes,
      take: (input) => meaning(cipher.open("a label", part(input))),
    };
  },
};

export const sealedTargets: readonly Target[] = [configuration, recovery, credential, challenge, store];
