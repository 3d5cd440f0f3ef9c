// One component of a path, made safe to join under a folder. What is unsafe everywhere is always changed; what only some
// systems cannot hold is changed for those. Idempotent: a safe name comes out as it went in.
import type { Platform } from './metainfo.ts';
import { BIDI } from './text.ts';

/** UTF-8 bytes in a component: file systems end at 255, and a part-file's suffix must still fit. */
const MAX_BYTES = 240;
/** UTF-8 bytes of an extension that is kept when a name is cut. */
const MAX_EXTENSION = 32;

/** A name that is safe as one path component: never empty, `.` or `..`, no separators, no control or bidi characters. */
export function safeName(name: string, platform: Platform): string {
  if (isPlain(name)) return name;
  let safe = name.replace(SEPARATORS_AND_CONTROLS, '_').replace(LONE_SURROGATES, '_').replace(BIDI, '');
  if (platform === 'windows') safe = windowsName(safe);
  safe = cut(safe);
  // After the rest: taking a mark out of `.\u200e.` leaves `..`.
  if (safe === '..') return '__';
  return safe === '' || safe === '.' ? '_' : safe;
}

/** Whether every system holds the name as it stands and it is of ASCII: nothing need be asked about it any more. */
export function isPlain(name: string): boolean {
  return PLAIN.test(name);
}

/** Whether Windows could not hold a safe name as it is: reserved, with a forbidden character, or ending in a dot or space. */
export function isUnsafeOnWindows(safe: string): boolean {
  return WINDOWS_SUSPECT.test(safe) && windowsName(safe) !== safe;
}

/** What a file system that folds case and normalisation takes for the same name. */
export function foldedName(name: string): string {
  return PLAIN.test(name) || ASCII.test(name)
    ? name.toLowerCase()
    : name.normalize('NFC').toLowerCase().normalize('NFC');
}

/** The name with ` (number)` before its extension, cut to fit; safe if `safe` is. */
export function numberedName(safe: string, number: number): string {
  const { stem, extension } = split(safe);
  const suffix = ` (${number})`;
  return `${cutBytes(stem, MAX_BYTES - byteLength(suffix) - byteLength(extension))}${suffix}${extension}`;
}

function windowsName(name: string): string {
  let safe = name.replace(WINDOWS_FORBIDDEN, '_').replace(TRAILING_DOTS_AND_SPACES, (tail) => '_'.repeat(tail.length));
  // `NUL`, `nul.txt` and `NUL .tar.gz` are all the device.
  if (WINDOWS_RESERVED.test(safe)) safe = `_${safe}`;
  return safe;
}

function cut(name: string): string {
  if (name.length * 3 <= MAX_BYTES || byteLength(name) <= MAX_BYTES) return name;
  const { stem, extension } = split(name);
  // A cut may lay bare a trailing dot or space; those are as good as gone.
  return `${cutBytes(stem, MAX_BYTES - byteLength(extension)).replace(TRAILING_DOTS_AND_SPACES, '')}${extension}`;
}

/** An extension is what follows the last dot, if it is short and something comes before it. */
function split(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 ? name.slice(dot) : '';
  if (extension.length < 2 || byteLength(extension) > MAX_EXTENSION) return { stem: name, extension: '' };
  return { stem: name.slice(0, dot), extension };
}

/** The longest run of whole characters from the start that has at most `limit` bytes of UTF-8. */
function cutBytes(text: string, limit: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += byteLength(character);
    if (bytes > limit) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function byteLength(text: string): number {
  return UTF8.encode(text).length;
}

const UTF8 = new TextEncoder();
/**
 * What every system holds as it stands: printable ASCII without what Windows forbids, no dot or space at its end, nothing that
 * begins like a device, no more than `MAX_BYTES`. Nearly all names are, and one look tells where the rules take five.
 */
const PLAIN = /^(?!con|prn|aux|nul|com|lpt)[ !#-)+-.0-9;=@A-Z[\]^-{}~]{0,239}[!#-)+-\-0-9;=@A-Z[\]^-{}~]$/i;
const ASCII = /^\p{ASCII}*$/u;
const SEPARATORS_AND_CONTROLS = /[/\\\p{Cc}\u2028\u2029]/gu;
const LONE_SURROGATES = /\p{Surrogate}/gu;
const WINDOWS_FORBIDDEN = /[<>:"|?*]/g;
const WINDOWS_RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:\.|$)/i;
/** Cheap and true for every name that `windowsName` would change. */
const WINDOWS_SUSPECT = /[<>:"|?*]|[. ]$|^(?:con|prn|aux|nul|com|lpt)/i;
const TRAILING_DOTS_AND_SPACES = /[. ]+$/;
