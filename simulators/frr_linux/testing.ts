/** A router without its host, for tests: files in memory, nobody else on the box. */
import type { Clock } from "../../shared/clock.ts";
import { Datastores } from "../kit/datastores.ts";
import { emptyConfig, type Config } from "./config/config.ts";
import { FRR_CONF, Router, TREE, VTYSH_CONF, type Facts } from "./router.ts";

export function routerInMemory(facts: Facts, clock: Clock, config: string): Router {
  const files = new Map([
    [VTYSH_CONF, "service integrated-vtysh-config\n"],
    [FRR_CONF, config.replace(/^end\n/m, "")],
  ]);
  const store = new Datastores<Config>({
    tree: TREE,
    clock,
    running: emptyConfig(),
    serial: "",
    separateStartup: true,
    surroundings: { setReachability: () => undefined, dropSessions: () => undefined, tell: () => undefined },
  });
  const router = new Router(store, facts, {
    read: (path) => files.get(path),
    write: (path, text) => void files.set(path, text),
  });
  store.running = router.load(config);
  return router;
}
