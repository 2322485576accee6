/** The part of DER (ITU-T X.690) that X.509 certificates of this program use. */

type Bytes = Uint8Array<ArrayBuffer>;

/** Tags of universal types. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One element: tag, length and contents. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Bytes {
  const length = contents.reduce((sum, { length }) => sum + length, 0);
  const head = [tag, ...lengthOctets(length)];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  let at = head.length;
  for (const content of contents) {
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}

/** A SEQUENCE of encoded elements. */
export const sequence = (...elements: readonly Uint8Array[]) => element(TAG.sequence, ...elements);
/** A SET of one encoded element. */
export const set = (member: Uint8Array) => element(TAG.set, member);
/** A BIT STRING whose last octet has `unused` bits that do not count. */
export const bitString = (bits: Uint8Array, unused = 0) =>
  element(TAG.bitString, Uint8Array.of(unused), bits);
export const octetString = (octets: Uint8Array) => element(TAG.octetString, octets);
export const utf8String = (text: string) => element(TAG.utf8String, new TextEncoder().encode(text));
export const TRUE = element(TAG.boolean, Uint8Array.of(0xff));

/** An INTEGER of unsigned octets, the most significant first. */
export function integer(octets: Uint8Array): Bytes {
  const first = octets.findIndex((octet) => octet !== 0);
  const significant = first < 0 ? Uint8Array.of(0) : octets.subarray(first);
  const isNegative = (significant[0] ?? 0) >= 0x80;
  return element(TAG.integer, Uint8Array.of(...isNegative ? [0] : []), significant);
}

/** An OBJECT IDENTIFIER in dot notation, such as "2.5.4.3". */
export function oid(dotted: string): Bytes {
  const [first = 0, second = 0, ...others] = dotted.split(".").map(Number);
  return element(TAG.oid, Uint8Array.from([first * 40 + second, ...others].flatMap(base128)));
}

/** A time in whole seconds, as RFC 5280 (4.1.2.5) requires: UTCTime until 2049, then GeneralizedTime. */
export function time(date: Date): Bytes {
  const digits = date.toISOString().replace(/\.\d+Z$/, "Z").replace(/[-:T]/g, "");
  const isShort = date.getUTCFullYear() < 2050;
  const text = new TextEncoder().encode(isShort ? digits.slice(2) : digits);
  return element(isShort ? TAG.utcTime : TAG.generalizedTime, text);
}

/**
 * The encoded elements in the contents of a constructed element.
 *
 * @throws {SyntaxError} if a length exceeds the input
 */
export function childrenOf(constructed: Uint8Array): Uint8Array[] {
  const contents = contentsOf(constructed);
  const children: Uint8Array[] = [];
  for (let at = 0; at < contents.length;) {
    const { end } = boundsOf(contents.subarray(at));
    children.push(contents.subarray(at, at + end));
    at += end;
  }
  return children;
}

/**
 * The contents of an element.
 *
 * @throws {SyntaxError} if the length exceeds the input
 */
export function contentsOf(encoded: Uint8Array): Uint8Array {
  const { start, end } = boundsOf(encoded);
  return encoded.subarray(start, end);
}

function boundsOf(encoded: Uint8Array): { start: number; end: number } {
  const short = encoded[1] ?? 0;
  const octets = short < 0x80 ? [] : [...encoded.subarray(2, 2 + short - 0x80)];
  const start = 2 + octets.length;
  const length = short < 0x80 ? short : octets.reduce((sum, octet) => sum * 256 + octet, 0);
  if (start + length > encoded.length) throw new SyntaxError("an element of DER is cut off");
  return { start, end: start + length };
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 + octets.length, ...octets];
}

function base128(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift(0x80 + rest % 128);
  }
  return octets;
}
