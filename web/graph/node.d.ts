// The two names of Node that headless.ts uses; its whole types would be another dependency.
declare module "node:fs" {
  export function readFileSync(file: number, encoding: "utf8"): string;
}
declare const process: { stdout: { write(text: string): void } };
