import { buildRouteMap } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { breakglassBundle } from "./bundle.ts";
import { breakglassCarry } from "./carry.ts";
import { breakglassCreate } from "./create.ts";
import { breakglassList, breakglassShow } from "./list.ts";
import { breakglassPlan } from "./plan.ts";
import { breakglassSign } from "./sign.ts";
import { breakglassUse } from "./use.ts";

/** `farhand breakglass SITE …` is its use: nobody should have to look for a verb at night. */
export const breakglassGroup = buildRouteMap<string, CliContext>({
  routes: {
    create: breakglassCreate,
    sign: breakglassSign,
    list: breakglassList,
    show: breakglassShow,
    use: breakglassUse,
    carry: breakglassCarry,
    plan: breakglassPlan,
    bundle: breakglassBundle,
  },
  defaultCommand: "use",
  docs: { brief: "One on-call person alone, as others signed it in calm; SITE uses one" },
});
