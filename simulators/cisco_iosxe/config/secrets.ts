/** Passwords read back in another form than they were typed in: a real box never shows the plain text of a secret. */
import { createHash } from "node:crypto";

const TYPE7_SALT = "dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87";

/** Cisco's reversible "type 7". */
export function type7(plain: string, seed: number): string {
  const bytes = [...Buffer.from(plain, "utf8")];
  const body = bytes.map((byte, at) =>
    (byte ^ TYPE7_SALT.charCodeAt((seed + at) % TYPE7_SALT.length)).toString(16).toUpperCase().padStart(2, "0"),
  );
  return `${String(seed).padStart(2, "0")}${body.join("")}`;
}

export function untype7(text: string): string {
  const seed = Number(text.slice(0, 2));
  const bytes = (text.slice(2).match(/../g) ?? []).map(
    (pair, at) => Number.parseInt(pair, 16) ^ TYPE7_SALT.charCodeAt((seed + at) % TYPE7_SALT.length),
  );
  return Buffer.from(bytes).toString("utf8");
}

/** Looks like a type 9 hash and depends on the plain text and the salt; nobody verifies it as scrypt. */
export function type9(plain: string, salt: string): string {
  const hash = (text: string) =>
    createHash("sha256").update(text).digest("base64").replaceAll("+", ".").replaceAll("=", "");
  return `$9$${hash(`salt ${salt} ${plain}`).slice(0, 14)}$${hash(`${salt} ${plain}`).slice(0, 43)}`;
}

const SECRET = /^(enable secret|username \S+(?: privilege \d+)? secret) (?:0 )?(?!\d \S)(\S+)$/;
const PASSWORD =
  /^(enable password|username \S+(?: privilege \d+)? password|password|neighbor \S+ password) (?:0 )?(?!\d \S)(\S+)$/;

/** The stored form of a line that carries a secret; the line itself where it carries none or is already encrypted. */
export function storedForm(line: string, encryptPasswords: boolean): string {
  const secret = SECRET.exec(line);
  if (secret) return `${secret[1]} 9 ${type9(secret[2] ?? "", secret[1] ?? "")}`;
  const password = PASSWORD.exec(line);
  if (!password) return line;
  const plain = password[2] ?? "";
  if (encryptPasswords) return `${password[1]} 7 ${type7(plain, plain.length % 16)}`;
  return line.startsWith("username ") ? `${password[1]} 0 ${plain}` : `${password[1]} ${plain}`;
}
