import { FarhandError } from "./errors.ts";
import { SnmpAuthProtocol, SnmpPrivacyProtocol, SnmpValue } from "./secret.ts";

/** What a person says of an SNMP credential in the open, and what is then asked for without echo. */
export interface SnmpForm {
  readonly questions: readonly string[];
  /** The answers in the order of the questions. Throws USAGE, and never says what was typed. */
  readonly valueOf: (answers: readonly string[]) => SnmpValue;
}

/** `2c`, `3:AUTH` or `3:AUTH:PRIVACY`. Throws USAGE with the names that there are. */
export function snmpForm(text: string): SnmpForm {
  const [version, auth, privacy, ...more] = text.split(":");
  if (text === "2c") return form(["Community"], ([community]) => ({ version: "2c", community }));
  const authProtocol = SnmpAuthProtocol.safeParse(auth);
  const protocol = SnmpPrivacyProtocol.optional().safeParse(privacy);
  if (version !== "3" || more.length > 0 || !authProtocol.success || !protocol.success)
    throw new FarhandError(
      "USAGE",
      `SNMP is 2c, 3:AUTH or 3:AUTH:PRIVACY, with AUTH ${SnmpAuthProtocol.options.join(", ")} and PRIVACY ${SnmpPrivacyProtocol.options.join(", ")}`,
    );
  const questions = ["Authentication passphrase", ...(protocol.data === undefined ? [] : ["Privacy passphrase"])];
  return form(questions, ([authPassphrase, passphrase]) => ({
    version: "3",
    authProtocol: authProtocol.data,
    authPassphrase,
    ...(protocol.data === undefined ? {} : { privacy: { protocol: protocol.data, passphrase } }),
  }));
}

function form(questions: readonly string[], made: (answers: readonly string[]) => unknown): SnmpForm {
  return {
    questions,
    valueOf(answers) {
      const parsed = SnmpValue.safeParse(made(answers));
      if (parsed.success) return parsed.data;
      const issue = parsed.error.issues[0];
      throw new FarhandError("USAGE", `SNMP ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
    },
  };
}
