/** What pgTAP prints (Test Anything Protocol), counted. */
export interface TapResult {
  readonly passed: number;
  readonly failed: number;
  readonly planned: number | null;
  /** The first failures' own words. */
  readonly failures: readonly string[];
}

/** The first line that says that a test failed; null where none does. */
export const failingLine = (output: string): string | null =>
  output.split('\n').find((line) => /^not ok\b/.test(line) && !isExcused(line)) ?? null;

const isExcused = (line: string) => /#\s*(todo|skip)\b/i.test(line);

export function readTap(output: readonly string[]): TapResult {
  let passed = 0;
  let failed = 0;
  let planned: number | null = null;
  const failures: string[] = [];
  for (const line of output.flatMap((text) => text.split('\n'))) {
    const plan = /^1\.\.(\d+)/.exec(line);
    if (plan) planned = Number(plan[1]);
    const test = /^(not )?ok\b(?:\s+\d+)?\s*-?\s*(.*)$/.exec(line);
    if (!test) continue;
    if (test[1] && !isExcused(line)) {
      failed += 1;
      failures.push(test[2] || 'a test without a description');
    } else passed += 1;
  }
  return { passed, failed, planned, failures };
}
