// Reads URLs of strangers. Not by URL.canParse: in Node 20.20 its optimized form, after some thousand calls, takes the
// Latin-1 characters of a string for UTF-8, lets through what the constructor refuses, and refuses `http://café.example/`.

/** The URL, or undefined where it is none. Never throws. */
export function parseUrl(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
