/**
 * A function of objects that are never changed, computed once for each. A value is forgotten with its object.
 *
 * @param compute is pure
 */
export function memoized<K extends object, V>(compute: (object: K) => V): (object: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (object) => {
    const found = known.get(object);
    if (found !== undefined) return found.value;
    const value = compute(object);
    known.set(object, { value });
    return value;
  };
}
