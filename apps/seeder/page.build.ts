// The page's script and style as the browser gets them: one file each, without a framework. The build and the tests use it.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Writes `page.js` and `page.css` into a folder. */
export async function buildPage(folder: string): Promise<void> {
  await build({
    entryPoints: [at('./src/page/page.ts'), at('./src/page/page.css')],
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome100', 'firefox100', 'safari15.4'],
    logLevel: 'silent',
  });
}
