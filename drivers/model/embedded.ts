import type { z } from "zod";
import { FarhandError } from "../../shared/errors.ts";

/**
 * One of our own YAML files, embedded as text. Bun's own parser reads it in a thirtieth of the time that the library takes for what people write
 * (which tells lines and columns, and caps what it reads): every start of the agent and every command that plans reads all of them.
 * Throws SCHEMA with the path of the first fault.
 */
export function readEmbedded<T>(schema: z.ZodType<T>, text: string, what: string): T {
  const parsed = schema.safeParse(Bun.YAML.parse(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new FarhandError("SCHEMA", `${what}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`);
}
