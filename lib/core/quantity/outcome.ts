/** A result, or the error as a phrase that completes "cannot be evaluated: ...". */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };
