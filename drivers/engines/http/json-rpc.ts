import type { z } from "zod";
import { FarhandError } from "../../../shared/errors.ts";
import type { Api } from "./api.ts";

/** JSON adds quotes and escapes to what a device says. */
const ENVELOPE_FACTOR = 2;
const ENVELOPE_BYTES = 64 * 1024;

export interface RpcOptions {
  /** Of what the device says, without its envelope. */
  readonly outputBytesMax: number;
  /** Milliseconds. */
  readonly deadlineMs: number;
  /** Only reads, which may be said twice. */
  readonly safe: boolean;
}

/** What asks for a device's own name. */
export const NAME_OPTIONS: RpcOptions = { outputBytesMax: 64 * 1024, deadlineMs: 30_000, safe: true };

/** One request of JSON-RPC 2.0 and its answer, in the form that is expected. Errors: those of `Api`; API_REFUSED for any other form. */
export async function rpc<T>(
  { api, path }: { readonly api: Api; readonly path: string },
  call: { readonly id: string | number; readonly method: string; readonly params: unknown },
  form: z.ZodType<T>,
  { outputBytesMax, deadlineMs, safe }: RpcOptions,
): Promise<T> {
  const json = { jsonrpc: "2.0", ...call };
  const { body } = await api.request(
    { method: "POST", path, json, deadlineMs, outputBytesMax: outputBytesMax * ENVELOPE_FACTOR + ENVELOPE_BYTES },
    safe,
  );
  const answer = form.safeParse(parsed(body));
  if (!answer.success) throw new FarhandError("API_REFUSED", "the answer is not one of JSON-RPC 2.0");
  return answer.data;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new FarhandError("API_REFUSED", "the answer is not JSON", { cause: error });
  }
}
