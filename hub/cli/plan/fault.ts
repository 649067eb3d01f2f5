export type TemplateCode =
  | "TEMPLATE"
  | "TEMPLATE_SYNTAX"
  | "INCLUDE"
  | "UNKNOWN_FILTER"
  | "UNKNOWN_TEST"
  | "UNKNOWN_FUNCTION"
  | "UNDEFINED_VARIABLE"
  | "SECRET_NAME"
  | "STRAY_MARK"
  | "TEXT_TOO_LARGE"
  | "RENDERS_NOTHING"
  | "VARIABLES_FILE";

/** Why a template, or the variables for it, give no text that may be planned: the cause of every TEMPLATE that is thrown. Values are never shown. */
export class TemplateFault {
  readonly code: TemplateCode;
  /** Of the file, from 1. */
  readonly line: number | undefined;
  readonly what: string;

  constructor(code: TemplateCode, line: number | undefined, what: string) {
    this.code = code;
    this.line = line;
    this.what = what;
  }
}
