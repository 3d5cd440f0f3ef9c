// Text of strangers (names, comments, what trackers say) made safe to print: it can neither steer the terminal nor
// turn the reading order around.

/** C0 and C1 controls, line separators, and the marks that change the direction of text. */
export const UNPRINTABLE: RegExp = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The text with everything unprintable spelled out as `\u{..}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
