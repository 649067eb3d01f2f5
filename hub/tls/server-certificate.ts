import type { StateFolder } from "../state-folder.ts";
import { isStale, makeServerCertificate, spkiPinOf, type CertificatePair } from "./certificates.ts";

export interface ServerTls {
  /** The server's own certificate, then the CA's. */
  readonly chain: string;
  readonly key: string;
  readonly ca: string;
  readonly spkiPin: string;
}

/** Dialled by those on the hub's own host, whatever its public name is. */
const LOCAL_HOSTS = ["127.0.0.1", "localhost"];

export interface TlsOptions {
  readonly folder: StateFolder;
  readonly hubId: string;
  readonly publicUrl: string;
  readonly nowMs: number;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** The certificate in the folder, made anew when it would not do. */
export async function serverTls(options: TlsOptions): Promise<ServerTls> {
  const { folder, hubId, publicUrl, nowMs, randomBytes } = options;
  const authority = { cert: folder.read("ca"), key: folder.read("caKey") };
  const publicHost = new URL(publicUrl).hostname.replace(/^\[(.*)\]$/, "$1");
  const names = { hubId, hosts: [...new Set([publicHost, ...LOCAL_HOSTS])] };
  let pair = heldPair(folder);
  if (!pair || isStale(pair, authority, names, nowMs)) {
    pair = await makeServerCertificate(authority, names, nowMs, randomBytes);
    // One file: a key and a certificate that do not belong together would keep the hub from starting.
    folder.write("tls", pair.cert + pair.key);
  }
  return { chain: pair.cert + authority.cert, key: pair.key, ca: authority.cert, spkiPin: spkiPinOf(pair.cert) };
}

const KEY_BEGINS = "-----BEGIN PRIVATE KEY-----";

function heldPair(folder: StateFolder): CertificatePair | undefined {
  if (!folder.has("tls")) return undefined;
  const text = folder.read("tls");
  const at = text.indexOf(KEY_BEGINS);
  return at > 0 ? { cert: text.slice(0, at), key: text.slice(at) } : undefined;
}
