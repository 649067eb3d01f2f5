/** Passwords read back in another form than they were typed in: the box never shows the plain text of a secret. */
import { createHash } from "node:crypto";

/** `$6$salt$…` in looks only, and the same for the same text: nobody verifies it as crypt(3). */
function sha512Crypt(plain: string, salt: string): string {
  const hash = (text: string) =>
    createHash("sha512").update(text).digest("base64").replaceAll("+", ".").replaceAll("=", "");
  return `$6$${hash(`salt ${salt} ${plain}`).slice(0, 16)}$${hash(`${salt} ${plain}`).slice(0, 86)}`;
}

/** EOS's reversible form starts with a base64 text; this one only looks like it. */
function type7(plain: string): string {
  return createHash("sha256").update(`type 7 ${plain}`).digest("base64").slice(0, 24);
}

const SECRET =
  /^(enable (?:secret|password)|username \S+(?: privilege \d+)?(?: role \S+)? secret) (?:0 )?(?!(?:5|sha512|\*) |\*$)(\S+)$/;
const KEY =
  /^(neighbor \S+ password|ip ospf (?:authentication-key|message-digest-key \d+ \S+)|(?:tacacs|radius)-server (?:host \S+ )?key) (?:0 )?(?![78]a? )(\S+)$/;

/** The stored form of a line with a secret; the line itself where it has none or is encrypted already. */
export function storedForm(line: string): string {
  const secret = SECRET.exec(line);
  if (secret) return `${secret[1]} sha512 ${sha512Crypt(secret[2] ?? "", secret[1] ?? "")}`;
  const key = KEY.exec(line);
  return key ? `${key[1]} 7 ${type7(key[2] ?? "")}` : line;
}
