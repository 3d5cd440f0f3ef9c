// Which names at the top of the folder are nobody's business: hidden ones, and what other programs call unfinished files.

const UNFINISHED = /(?:~|\.(?:part|partial|tmp|temp|crdownload|filepart|download|!ut|!qb|aria2|swp))$/i;
/** What file systems put there by themselves. */
const SYSTEM: ReadonlySet<string> = new Set([
  'lost+found',
  'system volume information',
  '$recycle.bin',
  'thumbs.db',
  'desktop.ini',
]);

/** rsync's `.name.XXXXXX`, editors' `.name.swp` and NFS' `.nfs...` are hidden names like any other. */
export function isLeftAlone(name: string): boolean {
  return name.startsWith('.') || UNFINISHED.test(name) || SYSTEM.has(name.toLowerCase());
}
