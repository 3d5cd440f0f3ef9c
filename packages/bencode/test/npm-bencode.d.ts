declare module 'bencode' {
  const bencode: {
    encode(value: unknown): Uint8Array;
    decode(bytes: Uint8Array): unknown;
  };
  // biome-ignore lint/style/noDefaultExport: that is how the package exports it
  export default bencode;
}
