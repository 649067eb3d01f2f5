/** Makes one whole line of a transcript safe to leave the site. */
export type LineRedactor = (line: string) => string;
