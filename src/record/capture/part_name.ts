/** Names of a capture's files: `<run>-<part>.tape`, in the order in which they were written. */

const NAME = /^(\d{8}T\d{6}\.\d{3}Z)-(\d{6})\.tape$/;

/** The name of a run that begins now: its time, without what a file's name may not hold. */
export const runName = (now_us: number): string =>
  new Date(now_us / 1_000).toISOString().replace(/[-:]/g, "");

export const partName = (run: string, part: number): string => `${run}-${String(part).padStart(6, "0")}.tape`;

export function partOf(name: string): { readonly run: string; readonly part: number } | undefined {
  const match = NAME.exec(name);
  return match ? { run: match[1]!, part: Number(match[2]) } : undefined;
}
