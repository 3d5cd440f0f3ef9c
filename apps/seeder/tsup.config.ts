import { join } from 'node:path';
import { defineConfig } from 'tsup';
import { buildOf } from '../../tsup.shared.ts';
import { buildPage } from './page.build.ts';

export default defineConfig({
  ...(buildOf(import.meta.dirname) as object),
  onSuccess: () => buildPage(join(import.meta.dirname, 'dist', 'page')),
});
