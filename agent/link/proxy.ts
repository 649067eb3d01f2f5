import { z } from "zod";
import { FarhandError } from "../../shared/errors.ts";
import type { Credential } from "../../shared/secret.ts";

/** `http://host:port` and nothing more: a URL with a password in it would be shown wherever the URL is. */
export const ProxyUrl = z
  .url({ protocol: /^http$/ })
  .max(300)
  .refine((text) => {
    const url = URL.parse(text);
    if (!url) return false;
    const { username, password, pathname, search, hash } = url;
    return username === "" && password === "" && pathname === "/" && search === "" && hash === "";
  }, "must be http://host:port; its credential belongs into the vault");

/** An HTTP proxy that is asked to CONNECT. TLS runs through it from end to end: it is asked for the hub and sees nothing of it. */
export interface HubProxy {
  readonly url: string;
  readonly credential?: Credential;
}

/** The form that Bun's WebSocket and fetch take. Given always or not at all: the environment's proxies are refused at start. */
export function bunProxy(proxy: HubProxy): { url: string; headers: Record<string, string> } {
  const { url, credential } = proxy;
  if (!credential) return { url, headers: {} };
  const pair = Buffer.from(`${credential.username}:${credential.password?.reveal() ?? ""}`).toString("base64");
  return { url, headers: { "proxy-authorization": `Basic ${pair}` } };
}

const REFUSED = /proxy[^:]*: (\d{3}\b[^\r\n]{0,80})/i;
/** OpenSSL's words for a certificate that does not come from the one CA that counts (X509_V_ERR_…). */
const NOT_FROM_CA = /unable to verify the first|self[- ]signed certificate|unable to get (?:local )?issuer|UNABLE_TO_/i;
const UNREACHABLE = /failed to connect|unable to connect|ECONNREFUSED|ENOTFOUND|EHOSTUNREACH/i;

/**
 * Why the hub was not reached, from what Bun says; test/agent/proxy.test.ts holds its words. With one pinned CA, a certificate of
 * another issuer is a box on the way that opens TLS, named or transparent, or a hub that is not the one of the join token.
 */
export function reachError(message: string, proxy: HubProxy | undefined): FarhandError {
  const said = message.replaceAll(/[\p{Cc}\p{Cf}]+/gv, " ").slice(0, 300);
  if (NOT_FROM_CA.test(said)) return new FarhandError("PROXY_OPENS_TLS", `its issuer is not the hub's CA: ${said}`);
  if (/TLS|certificate/i.test(said)) return new FarhandError("CHALLENGE", said);
  if (!proxy) return new FarhandError("IO", said);
  const status = REFUSED.exec(said)?.[1];
  if (status !== undefined) return new FarhandError("PROXY", `${proxy.url} answered ${status}`);
  if (UNREACHABLE.test(said)) return new FarhandError("PROXY", `${proxy.url} cannot be reached`);
  return new FarhandError("IO", `through ${proxy.url}: ${said}`);
}
