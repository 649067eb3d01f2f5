import { expect, it } from "vitest";
import { refuseEnvironment } from "./refuse-environment.ts";

it.each([
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "NODE_OPTIONS",
  "SSLKEYLOGFILE",
  "BUN_OPTIONS",
  "BUN_BE_BUN",
  "BUN_INSPECT",
  "BUN_INSPECT_PRELOAD",
  "HTTPS_PROXY",
  "https_proxy",
  "http_proxy",
  "ALL_PROXY",
  "NO_PROXY",
])("T26: does not start under %s", (name) => {
  expect(() => refuseEnvironment({ [name]: "0" })).toThrow(`ENVIRONMENT: The environment weakens security. (${name})`);
  expect(() => refuseEnvironment({ PATH: "/bin", [name]: "" })).not.toThrow();
});
