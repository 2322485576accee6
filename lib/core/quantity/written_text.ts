import { NANO_EXPONENT, type SuffixScale } from "./suffixes.ts";

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
