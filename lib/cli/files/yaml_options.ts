import type { DocumentOptions, ParseOptions, SchemaOptions, Tags } from "yaml";

/**
 * Options to parse YAML like kubectl: as version 1.1 (`defaultMode: 0644` is an octal number, `on` is true), except
 * that `y` and `n`, dates and sexagesimal numbers are plain strings.
 *
 * @see `sigs.k8s.io/yaml/goyaml.v2/resolve.go`
 */
export function kubernetesYaml(): ParseOptions & DocumentOptions & SchemaOptions {
  return {
    schema: "yaml-1.1",
    // Quotes dates and similar strings, which other YAML parsers do not read as strings.
    compat: "yaml-1.1",
    customTags: narrowed,
    stringKeys: true,
    logLevel: "silent",
  };
}

const UNKNOWN_TO_KUBECTL = new Set(["timestamp", "omap", "pairs", "set", "binary"]);

function narrowed(tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    if (typeof tag === "string") return UNKNOWN_TO_KUBECTL.has(tag) ? [] : [tag];
    const name = tag.tag.split(":").at(-1) ?? "";
    if (UNKNOWN_TO_KUBECTL.has(name) || ("format" in tag && tag.format === "TIME")) return [];
    if (name !== "bool" || tag.collection) return [tag];
    return [{ ...tag, test: tag.test?.test("yes") ? TRUE : FALSE }];
  });
}

const TRUE = /^(?:[Yy]es|YES|[Tt]rue|TRUE|[Oo]n|ON)$/;
const FALSE = /^(?:[Nn]o|NO|[Ff]alse|FALSE|[Oo]ff|OFF)$/;
