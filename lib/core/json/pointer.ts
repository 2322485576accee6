/** A key as one reference token of an RFC 6901 pointer. */
export function pointerToken(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The keys and indices of an RFC 6901 pointer, unescaped; none for the whole document. */
export function pointerTokens(pointer: string): string[] {
  return pointer.split("/").slice(1).map((token) =>
    token.replaceAll("~1", "/").replaceAll("~0", "~")
  );
}
