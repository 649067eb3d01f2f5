import type { RunTask } from "../../shared/documents/manifest.ts";
import type { TaskEnd } from "../core/model.ts";
import { streamed } from "./garbage.ts";
import { done, withSession, type TaskContext } from "./task.ts";

/** Commands in order. Each output follows a line that names its command; all of it streams to the spool and to whoever watches. */
export async function runCommands(context: TaskContext<RunTask>): Promise<TaskEnd> {
  const writer = context.spool.writer("output");
  try {
    await withSession(context, async (session) => {
      for (const command of context.task.commands) {
        const sink = async (chunk: string): Promise<void> => {
          await writer.writeText(chunk);
          await context.live.write(chunk);
          streamed(chunk.length);
        };
        await sink(`> ${command}\n`);
        await session.run(command, {
          outputBytesMax: Math.max(0, context.manifest.outputBytesMax - writer.bytes),
          sink,
        });
        await sink("\n");
      }
    });
  } catch (error) {
    await writer.abandon();
    throw error;
  } finally {
    await context.live.end();
  }
  return done({ output: await writer.finish(), evidence: context.driver.evidence });
}
