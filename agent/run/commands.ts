import type { RunTask } from "../../shared/documents/manifest.ts";
import { FarhandError } from "../../shared/errors.ts";
import { isRefused } from "../../drivers/refused.ts";
import { commandMark, refusedMark } from "../../drivers/model/state/run-output.ts";
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
        await sink(`${commandMark(command)}\n`);
        try {
          await session.run(command, {
            outputBytesMax: Math.max(0, context.manifest.outputBytesMax - writer.bytes),
            sink,
          });
        } catch (error) {
          if (!context.task.goOn || !(error instanceof FarhandError) || !isRefused(error.code)) throw error;
          await sink(`${refusedMark(error.code, error.detail ?? "")}\n`);
        }
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
