import { refuseEnvironmentOf } from "../../shared/refuse-environment.ts";

/**
 * A key is opened and a signature made in this process: it does not start in an environment that lets others in.
 * NODE_EXTRA_CA_CERTS is let be, because many people's machines set it: measured under Bun 1.4.5, it adds nothing to a pinned CA.
 */
export const refuseEnvironment = (env: Readonly<Partial<Record<string, string>>>): void => refuseEnvironmentOf(env);
