// Where the small programs lie that are started as they are and never bundled: beside the sources, from which the build is a folder away.
import { fileURLToPath } from 'node:url';

/** `path`: below `src`. Right from `src` itself, as tests run it, and from the build in `dist`. */
export function sourceFile(path: string): string {
  return fileURLToPath(new URL(`../src/${path}`, import.meta.url));
}
