import type { TaskEnd } from "../core/model.ts";
import { done, withSession, type TaskContext } from "./task.ts";

/** The running configuration, in both its forms. */
export async function collect(context: TaskContext): Promise<TaskEnd> {
  const configuration = await withSession(context, (session) => session.running());
  return done({ after: await context.snapshot(configuration), evidence: context.driver.evidence });
}
