/** An ASN.1 value as certificates have it, encoded by DER (X.690): tag, length, content. */
type Der = Uint8Array<ArrayBuffer>;

/** A value of any tag. */
export function encoded(tag: number, ...content: readonly Uint8Array[]): Der {
  const length = content.reduce((sum, { length }) => sum + length, 0);
  const big = length < 0x80 ? [] : bigEndian(length);
  return Uint8Array.from([
    tag,
    ...(big.length === 0 ? [length] : [0x80 | big.length, ...big]),
    ...content.flatMap((each) => [...each]),
  ]);
}

/** A SEQUENCE of values. */
export function sequence(...values: readonly Uint8Array[]): Der {
  return encoded(0x30, ...values);
}

/** A SET of one value. */
export function setOf(value: Uint8Array): Der {
  return encoded(0x31, value);
}

/** A BOOLEAN. */
export function boolean(value: boolean): Der {
  return encoded(0x01, Uint8Array.of(value ? 0xff : 0));
}

/** An INTEGER of the bytes of an unsigned number, the highest first. */
export function integer(...bytes: readonly number[]): Der {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? [0] : bytes.slice(first);
  // A set highest bit is the sign.
  return encoded(0x02, Uint8Array.from((digits[0] ?? 0) < 0x80 ? digits : [0, ...digits]));
}

/** A BIT STRING. `unusedBits` are the lowest of the last byte. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Der {
  return encoded(0x03, Uint8Array.of(unusedBits), bytes);
}

/** An OCTET STRING. */
export function octetString(bytes: Uint8Array): Der {
  return encoded(0x04, bytes);
}

/** A UTF8String. */
export function utf8String(text: string): Der {
  return encoded(0x0c, new TextEncoder().encode(text));
}

/** An OBJECT IDENTIFIER of its dotted form. */
export function objectIdentifier(dotted: string): Der {
  const [root = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return encoded(0x06, Uint8Array.from([root * 40 + second, ...rest].flatMap(base128)));
}

/** A time in whole seconds: UTCTime before 2050, GeneralizedTime from then on (RFC 5280, section 4.1.2.5). */
export function time(date: Date): Der {
  const digits = `${date.toISOString().replace(/\..*|\D/g, "")}Z`;
  const isShort = date.getUTCFullYear() < 2050;
  const text = new TextEncoder().encode(isShort ? digits.slice(2) : digits);
  return encoded(isShort ? 0x17 : 0x18, text);
}

/** The content of a value. */
export function contentOf(value: Uint8Array): Uint8Array {
  const { start, end } = boundsAt(value, 0);
  return value.subarray(start, end);
}

/** The values in a SEQUENCE, SET or other constructed value. */
export function valuesIn(constructed: Uint8Array): Uint8Array[] {
  const content = contentOf(constructed);
  const values: Uint8Array[] = [];
  for (let at = 0; at < content.length;) {
    const { end } = boundsAt(content, at);
    values.push(content.subarray(at, end));
    at = end;
  }
  return values;
}

/** Where the content of the value at this place starts and ends. */
function boundsAt(bytes: Uint8Array, at: number): { start: number; end: number } {
  const first = bytes[at + 1] ?? 0;
  const start = at + 2 + (first < 0x80 ? 0 : first & 0x7f);
  const length = first < 0x80 ? first : bytes.subarray(at + 2, start).reduce(
    (sum, byte) => sum * 0x100 + byte,
    0,
  );
  return { start, end: start + length };
}

function bigEndian(number: number): number[] {
  return number === 0 ? [] : [...bigEndian(Math.floor(number / 0x100)), number % 0x100];
}

/** Seven bits a byte; all bytes but the last have the highest bit set. */
function base128(number: number): number[] {
  const digits = [number % 0x80];
  for (let rest = Math.floor(number / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) {
    digits.unshift(0x80 | rest % 0x80);
  }
  return digits;
}
