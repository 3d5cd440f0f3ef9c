import { defineConfig, type ViteUserConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

/** The JSON report leaves out why a test was skipped; the counting script prints it from here. */
const skipReasons: Reporter = {
  onTestCaseResult(testCase) {
    const result = testCase.result();
    if (result.state !== 'skipped' || result.note === undefined) return;
    Object.assign(testCase.meta(), { skipReason: result.note });
  },
};

/** Tests run from source: the `@shoal/source` condition comes first, so that nothing needs a build. */
export function testsOf(overrides: ViteUserConfig['test'] = {}): ViteUserConfig {
  const long = process.env.SHOAL_LONG === '1';
  return defineConfig({
    ssr: { resolve: { conditions: ['@shoal/source', 'node', 'import', 'module', 'default'] } },
    resolve: { conditions: ['@shoal/source', 'node', 'import', 'module', 'default'] },
    test: {
      include: long ? ['test/**/*.long.ts'] : ['test/**/*.test.ts'],
      testTimeout: long ? 600_000 : 20_000,
      hookTimeout: 30_000,
      reporters: [
        'default',
        skipReasons,
        ['json', { outputFile: long ? 'reports/vitest-long.json' : 'reports/vitest.json' }],
      ],
      passWithNoTests: long,
      maxWorkers: 2,
      ...overrides,
    },
  });
}
