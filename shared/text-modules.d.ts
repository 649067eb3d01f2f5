/** Files imported as text (`with { type: "text" }`): Bun embeds them in the binary, vitest loads them through vitest.config.ts. */
declare module "*.sql" {
  const text: string;
  export default text;
}
