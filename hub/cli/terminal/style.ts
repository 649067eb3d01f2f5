/** Colour only where a person looks and has not said no (no-color.org). It repeats what words already say. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
}

const paint = (open: number, close: number) => (text: string) => `\u001b[${open}m${text}\u001b[${close}m`;
const plainText = (text: string) => text;

export const plain: Style = { bold: plainText, dim: plainText, red: plainText, green: plainText, yellow: plainText };
const coloured: Style = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  green: paint(32, 39),
  yellow: paint(33, 39),
};

type Environment = Readonly<Partial<Record<string, string>>>;

export function styleFor(isTty: boolean, env: Environment): Style {
  if ((env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return plain;
  return isTty || (env["CLICOLOR_FORCE"] ?? "0") !== "0" ? coloured : plain;
}
