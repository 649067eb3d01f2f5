import { refuseEnvironmentOf } from "../../shared/refuse-environment.ts";

/** An agent is started by its unit, which has no reason to know a variable of these: it takes no CA but the hub's, and its proxy is configured. */
export const refuseEnvironment = (env: Readonly<Record<string, string | undefined>>): void =>
  refuseEnvironmentOf(env, ["NODE_EXTRA_CA_CERTS"]);
