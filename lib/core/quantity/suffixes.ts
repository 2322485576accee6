/** Notation of a quantity: `12M`, `12Mi` or `12e6`. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

/** Factor of a suffix: base to the power of exponent. */
export interface SuffixScale {
  readonly base: 2n | 10n;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

/** In steps of 1000 from nano on. */
export const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"] as const;

/** Binary suffixes; each is 1024 times the one before, from 1. */
export const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;

export const NANO_EXPONENT = -9;

/** Maximum exponent, which bounds the cost of computing an amount. */
const MAX_EXPONENT = 999;

/**
 * Reads the suffix of a quantity.
 *
 * @returns undefined for a suffix that does not exist and for an exponent beyond ±999.
 * @see `k8s.io/apimachinery/pkg/api/resource/suffix.go:interpret`
 */
export function readSuffix(suffix: string): SuffixScale | undefined {
  const decimal = decimalSuffixes.findIndex((known) => known === suffix);
  if (decimal >= 0) {
    return { base: 10n, exponent: NANO_EXPONENT + 3 * decimal, format: "DecimalSI" };
  }
  const binary = binarySuffixes.findIndex((known) => known === suffix);
  if (binary >= 0) return { base: 2n, exponent: 10 * binary, format: "BinarySI" };
  if (!/^[eE][+-]?[0-9]+$/.test(suffix)) return undefined;
  const exponent = Number(suffix.slice(1));
  if (Math.abs(exponent) > MAX_EXPONENT) return undefined;
  return { base: 10n, exponent, format: "DecimalExponent" };
}

/** The parts of a quantity's text that decide whether Kubernetes keeps the text. */
interface WrittenParts {
  /** Digits before the point. */
  readonly whole: string;
  /** Digits after the point. */
  readonly decimals: string;
  readonly suffix: SuffixScale;
}

/** Digits that surely fit an int64. */
const INT64_DIGITS = 18;

/**
 * Whether Kubernetes writes the text unchanged even if it is not canonical (`+5`, `1.500`, `007`). Hashes depend on
 * the text, so it must be kept in the same cases.
 *
 * @see `k8s.io/apimachinery/pkg/api/resource/quantity.go:ParseQuantity`, the path for small numbers
 */
export function isKeptAsWritten({ whole, decimals, suffix }: WrittenParts): boolean {
  const significant = whole.replace(/^0+/, "") || "0";
  if (suffix.base === 2n) {
    // A binary prefix costs about three decimal digits for each ten bits.
    const freeDigits = 14 - significant.length - Math.floor((suffix.exponent * 3) / 10);
    return decimals === "" && freeDigits >= 0 && BigInt(significant) % 8n !== 0n;
  }
  const digits = significant + decimals;
  const exponent = suffix.exponent - decimals.length;
  return digits.length <= INT64_DIGITS && exponent >= NANO_EXPONENT && exponent % 3 === 0 &&
    !digits.startsWith("0") && !digits.endsWith("000");
}
