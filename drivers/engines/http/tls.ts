import { X509Certificate } from "node:crypto";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { checkServerIdentity, connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { Clock } from "../../../shared/clock.ts";
import type { Tls } from "../../../shared/documents/inventory.ts";
import { FarhandError, type ErrorCode } from "../../../shared/errors.ts";
import { asError, quoted } from "../ssh/connect-error.ts";

export interface TlsOptions {
  readonly trust: Tls;
  /** The device's address in signed inventory: what the certificate must be for where nothing else is named. */
  readonly address: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds from the TCP connection to the end of the handshake. */
  readonly connectMs: number;
  readonly redact?: (text: string) => string;
}

const PEM = /-----BEGIN CERTIFICATE-----[^\-]+-----END CERTIFICATE-----/gv;

/**
 * TLS over a transport that leads to the device, verified before a byte of ours is in it: the chain and the dates by the signed
 * certificates alone, then the name, or that it is the pinned certificate itself. TLS 1.2 and newer (RFC 8996).
 * Errors: CERTIFICATE, TLS_REFUSED, CONNECT_REFUSED, CONNECT_TIMEOUT, SESSIONS_FULL, CONNECTION_LOST, and the signal's reason.
 */
export async function openTls(transport: Duplex, options: TlsOptions): Promise<TLSSocket> {
  const { clock, signal, connectMs, redact = (text: string) => text } = options;
  return await new Promise<TLSSocket>((resolve, reject) => {
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      timer.clear();
      signal.removeEventListener("abort", abort);
      act();
    };
    const fail = (error: Error): void =>
      settle(() => {
        socket?.destroy();
        transport.destroy();
        reject(error);
      });
    const abort = (): void => fail(asError(signal.reason));
    const timer = clock.after(connectMs, () =>
      fail(new FarhandError("CONNECT_TIMEOUT", `no TLS session after ${connectMs} ms`)),
    );
    let socket: TLSSocket | undefined;
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    const broken = (error: Error): void => fail(tlsError(error, transport, redact));
    transport.on("error", broken);
    transport.on("close", () => broken(new Error("closed by the device")));
    const begin = (): void => {
      if (settled) return;
      socket = connect(connectionOptions(transport, options));
      socket.on("error", broken);
      socket.once("secureConnect", () => {
        // `authorized` is the handshake's own word; a runtime that only reported it would otherwise let anybody in.
        if (socket?.authorized === true) settle(() => resolve(socket as TLSSocket));
        else broken(Object.assign(new Error("not authorized"), { code: String(socket?.authorizationError) }));
      });
      socket.once("close", () => broken(new Error("closed during the handshake")));
    };
    if (transport instanceof Socket && transport.connecting) transport.once("connect", begin);
    else begin();
  });
}

function connectionOptions(transport: Duplex, { trust, address }: TlsOptions): ConnectionOptions {
  const certificates = trust.certificates.match(PEM) ?? [];
  const base = { socket: transport, ca: certificates, minVersion: "TLSv1.2", ALPNProtocols: ["http/1.1"] } as const;
  switch (trust.trust) {
    case "authority": {
      const name = trust.serverName ?? address;
      // A name that is an address is not sent as one (RFC 6066 §3); it is checked all the same.
      const servername = /^[\d.]+$|:/.test(name) ? "" : name;
      return { ...base, servername, checkServerIdentity: (_host, shown) => checkServerIdentity(name, shown) };
    }
    case "pinned": {
      const pinned = new Set(certificates.map((pem) => new X509Certificate(pem).fingerprint256));
      return {
        ...base,
        checkServerIdentity: (_host, shown) => {
          if (shown.fingerprint256 !== undefined && pinned.has(shown.fingerprint256)) return undefined;
          return Object.assign(new Error("the certificate is not a pinned one"), { code: "NOT_PINNED" });
        },
      };
    }
    default:
      return trust satisfies never;
  }
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|NOT_PINNED|ISSUER|HOSTNAME/;
const REFUSED = /PROTOCOL|VERSION|CIPHER|SSLV3|HANDSHAKE|ALERT|ERR_SSL|WRONG_VERSION/;
const TCP: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: "CONNECT_REFUSED",
  EHOSTUNREACH: "CONNECT_TIMEOUT",
  ENETUNREACH: "CONNECT_TIMEOUT",
  ETIMEDOUT: "CONNECT_TIMEOUT",
  ENOTFOUND: "CONNECT_TIMEOUT",
};

function tlsError(
  error: Error & { code?: unknown },
  transport: Duplex,
  redact: (text: string) => string,
): FarhandError {
  const code = typeof error.code === "string" ? error.code : "";
  const made = (name: ErrorCode, detail = quoted(redact, error.message)): FarhandError =>
    new FarhandError(name, detail === "" ? code : detail, { cause: error });
  const tcp = TCP[code];
  if (tcp !== undefined) return made(tcp);
  if (CERTIFICATE.test(code)) return made("CERTIFICATE");
  if (REFUSED.test(code)) return made("TLS_REFUSED");
  // A device without a free session takes the TCP connection and ends it before TLS begins; Node then speaks of TLS all the same.
  if (transport instanceof Socket && transport.bytesRead === 0)
    return made("SESSIONS_FULL", "the device closed the connection before TLS began");
  if (/tls|ssl|protocol version/i.test(error.message)) return made("TLS_REFUSED");
  return made("CONNECTION_LOST");
}
