import {
  binarySuffixes,
  decimalSuffixes,
  isKeptAsWritten,
  NANO_EXPONENT,
  type QuantityFormat,
  readSuffix,
  type SuffixScale,
} from "./suffixes.ts";

/** An amount of a resource, exact to the nano unit, with its original notation. */
export interface Quantity {
  readonly nanos: bigint;
  readonly format: QuantityFormat;
  /** The original text, if Kubernetes writes it unchanged instead of the canonical form. */
  readonly text?: string;
}

export const NANOS_PER_UNIT = 10n ** 9n;
export const NANOS_PER_MILLI = 10n ** 6n;

/** The largest int64, to which Kubernetes caps binary amounts. */
const MAX_BINARY_NANOS = (2n ** 63n - 1n) * NANOS_PER_UNIT;
/** Maximum length of a text, which bounds the cost of its digits. */
const MAX_TEXT_LENGTH = 1000;
const QUANTITY_PARTS = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([a-zA-Z]+[+-]?[0-9]*)?$/;

/**
 * Parses a quantity from JSON, a string or a number.
 *
 * Amounts below one nano unit are rounded up to one; binary amounts beyond 2^63-1 are capped. As in Kubernetes,
 * digits may be missing (`m` is zero), and surrounding spaces are ignored.
 *
 * @returns undefined if it is not a quantity
 * @see `k8s.io/apimachinery/pkg/api/resource/quantity.go:ParseQuantity`
 */
export function parseQuantity(value: string | number): Quantity | undefined {
  const written = String(value);
  if (written.length > MAX_TEXT_LENGTH) return undefined;
  const text = written.replace(/^ +| +$/g, "");
  const parts = QUANTITY_PARTS.exec(text);
  if (parts === null || text === "") return undefined;
  const [, sign, whole = "", decimals = "", suffixText = ""] = parts;
  const suffix = readSuffix(suffixText);
  if (suffix === undefined) return undefined;

  const magnitude = nanosOf(BigInt(whole + decimals), { places: decimals.length, suffix });
  const nanos = sign === "-" ? -magnitude : magnitude;
  if (isKeptAsWritten({ whole, decimals, suffix })) {
    return { nanos, format: suffix.format, text };
  }
  const isBinaryFraction = suffix.format === "BinarySI" && magnitude > 0n &&
    magnitude < NANOS_PER_UNIT;
  return { nanos, format: isBinaryFraction ? "DecimalSI" : suffix.format };
}

function nanosOf(
  digits: bigint,
  { places, suffix }: { places: number; suffix: SuffixScale },
): bigint {
  const decimalExponent = (suffix.base === 10n ? suffix.exponent : 0) - places - NANO_EXPONENT;
  const scaled = suffix.base === 2n ? digits * 2n ** BigInt(suffix.exponent) : digits;
  const nanos = decimalExponent >= 0
    ? scaled * 10n ** BigInt(decimalExponent)
    : divideAwayFromZero(scaled, 10n ** BigInt(-decimalExponent));
  return suffix.base === 2n && nanos > MAX_BINARY_NANOS ? MAX_BINARY_NANOS : nanos;
}

/**
 * Writes a quantity as Kubernetes' JSON has it.
 *
 * @see `k8s.io/apimachinery/pkg/api/resource/quantity.go:CanonicalizeBytes`
 */
export function formatQuantity(quantity: Quantity): string {
  const { nanos, format, text } = quantity;
  if (text !== undefined) return text;
  if (nanos === 0n) return "0";
  const units = nanos / NANOS_PER_UNIT;
  const isBinary = format === "BinarySI" && units * NANOS_PER_UNIT === nanos &&
    (units >= 1024n || units <= -1024n);
  if (isBinary) {
    const { mantissa, times } = withoutFactors(units, {
      factor: 1024n,
      most: binarySuffixes.length - 1,
    });
    return `${mantissa}${binarySuffixes[times]}`;
  }
  if (format === "DecimalExponent") {
    const { mantissa, times } = withoutFactors(nanos, { factor: 1000n, most: Infinity });
    const exponent = NANO_EXPONENT + 3 * times;
    return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  }
  const { mantissa, times } = withoutFactors(nanos, {
    factor: 1000n,
    most: decimalSuffixes.length - 1,
  });
  return `${mantissa}${decimalSuffixes[times]}`;
}

/** Compares two quantities by amount: negative, zero or positive. */
export function compareQuantities(left: Quantity, right: Quantity): number {
  if (left.nanos === right.nanos) return 0;
  return left.nanos < right.nanos ? -1 : 1;
}

/** The quantity in whole milli units, rounded away from zero; the same reference where nothing is to round. */
export function roundUpToMilli(quantity: Quantity): Quantity {
  if (quantity.nanos % NANOS_PER_MILLI === 0n) return quantity;
  return { nanos: milliValue(quantity) * NANOS_PER_MILLI, format: quantity.format };
}

/** Milli units, rounded away from zero. */
export function milliValue(quantity: Quantity): bigint {
  return divideAwayFromZero(quantity.nanos, NANOS_PER_MILLI);
}

/** Whole units, rounded away from zero. */
export function integerValue(quantity: Quantity): bigint {
  return divideAwayFromZero(quantity.nanos, NANOS_PER_UNIT);
}

function divideAwayFromZero(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  if (quotient * divisor === dividend) return quotient;
  return dividend < 0n ? quotient - 1n : quotient + 1n;
}

function withoutFactors(
  value: bigint,
  { factor, most }: { factor: bigint; most: number },
): { mantissa: bigint; times: number } {
  let mantissa = value;
  let times = 0;
  while (times < most && mantissa % factor === 0n) {
    mantissa /= factor;
    times++;
  }
  return { mantissa, times };
}
