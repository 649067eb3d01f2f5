import { expect, it } from "vitest";
import { refuseEnvironment } from "./refuse-environment.ts";

it.each(["NODE_TLS_REJECT_UNAUTHORIZED", "BUN_OPTIONS", "BUN_BE_BUN", "BUN_INSPECT_PRELOAD"])(
  "T26: does not start under %s",
  (name) => {
    expect(() => refuseEnvironment({ [name]: "0" })).toThrow(
      `ENVIRONMENT: The environment weakens security. (${name})`,
    );
    expect(() => refuseEnvironment({ PATH: "/bin", [name]: "" })).not.toThrow();
  },
);
