// A table of what strangers may do, each line with the tests that try it: whether those tests are there, and run.
import { readFile } from 'node:fs/promises';

/** By what is tried: names of test files (`NAME` of `NAME.test.ts`), each with the titles of tests in it. */
export type TestTable = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/**
 * What of a line is not tried: titles that do not stand in their file, files that leave tests out. Rejects with the system's
 * error for a file that is not there. `folder` is that of the tests, with a slash at its end.
 */
export async function untriedOf(line: TestTable[string], folder: string | URL): Promise<string[]> {
  const faults: string[] = [];
  for (const [file, titles] of Object.entries(line)) {
    const text = await readFile(new URL(`${file}.test.ts`, folder), 'utf8');
    for (const title of titles) {
      const isThere = [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => text.includes(quoted));
      if (!isThere) faults.push(`${file} has no test "${title}"`);
    }
    if (/\b(?:test|describe)\.(?:skip|todo|only)\b/.test(text)) faults.push(`${file} leaves tests out`);
  }
  return faults;
}
