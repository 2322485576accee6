import type { Field } from "../field.ts";

/** Validates one source of a volume. */
export type SourceCheck = (source: Field) => void;

/** A check for required non-empty strings and lists of a source. */
export function requires(...names: string[]): SourceCheck {
  return (source) => {
    for (const name of names) {
      const field = source.member(name);
      const isMissing = Array.isArray(field.value) ? field.value.length === 0 : field.text() === "";
      if (isMissing) field.required();
    }
  };
}

/** A reference to a Secret must name it where it is set. */
export function checkSecretRef(source: Field): void {
  const secret = source.member("secretRef");
  if (secret.isSet) requires("name")(secret);
}
