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

/**
 * As {@linkcode memoized}, for texts, which take room while their object lives: all are forgotten when they are more
 * than `maxCharacters` together.
 */
export function memoizedText<K extends object>(
  compute: (object: K) => string,
  { maxCharacters }: { readonly maxCharacters: number },
): (object: K) => string {
  let known = new WeakMap<K, string>();
  let characters = 0;
  return (object) => {
    const found = known.get(object);
    if (found !== undefined) return found;
    const text = compute(object);
    characters += text.length;
    if (characters > maxCharacters) {
      known = new WeakMap();
      characters = text.length;
    }
    known.set(object, text);
    return text;
  };
}
