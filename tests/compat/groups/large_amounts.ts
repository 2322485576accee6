import { parseExpression } from "../../../lib/core/quantity/expression.ts";
import { parseQuantity } from "../../../lib/core/quantity/quantity.ts";
import { type Amounts, runSteps } from "../../../lib/core/quantity/run_steps.ts";

interface MilliAmount {
  readonly milli: number;
}

export interface LargeAmounts {
  /** Whether a step that OpenKruise computes as an int64 of milli units does not fit one. */
  readonly overflows: boolean;
  /** About what the result is; NaN where it is no quantity. */
  readonly milli: number;
}

const INT64_LIMIT = 2 ** 63;

/** Runs an expression in floating point, apart from the exact arithmetic, and watches for int64 overflows. */
export function largeAmountsOf(
  { expr, variables }: {
    readonly expr: string;
    readonly variables: Readonly<Record<string, string | number>>;
  },
): LargeAmounts {
  const expression = parseExpression(expr);
  if (!expression.ok) return { overflows: false, milli: NaN };
  let overflows = false;
  function asInt64(milli: number): number {
    overflows ||= Math.abs(milli) >= INT64_LIMIT;
    return Math.trunc(milli);
  }
  function amountOf(value: string): MilliAmount {
    return { milli: Number(parseQuantity(value)?.nanos ?? 0n) / 1e6 };
  }
  const amounts: Amounts<MilliAmount> = {
    ofQuantity: ({ nanos }) => ({ milli: Number(nanos) / 1e6 }),
    ofNumber: (number) => ({ milli: asInt64(number * 1000) }),
    negate: ({ milli }) => ({ milli: -milli }),
    multiply: ({ milli }, factor) => ({ milli: asInt64(asInt64(milli) * factor) }),
    divide: ({ milli }, divisor) => ({ milli: asInt64(asInt64(milli) / divisor) }),
    combine: {
      "+": (left, right) => ({ milli: left.milli + right.milli }),
      "-": (left, right) => ({ milli: left.milli - right.milli }),
      max: (left, right) => left.milli >= right.milli ? left : right,
      min: (left, right) => left.milli <= right.milli ? left : right,
    },
  };
  const result = runSteps(expression.value.steps, {
    amounts,
    variables: new Map(
      Object.entries(variables).map(([name, value]) => [
        name,
        typeof value === "number" ? value : amountOf(value),
      ]),
    ),
  });
  if (!result.ok || typeof result.value === "number") return { overflows, milli: NaN };
  return { overflows, milli: result.value.milli };
}
