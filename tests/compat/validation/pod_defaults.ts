import { isObject } from "../../../lib/api/json.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { items, member } from "./newer_pods.ts";
import { containersOf } from "./validation_case.ts";

type Json = Readonly<Record<string, unknown>>;

/** Paths of the absent fields that the API server fills in a Pod before it validates it. */
export function podDefaults(object: SidecarSet): string[] {
  return [
    ...containersOf(object).flatMap(({ container, path }) =>
      [
        ...absent(container, ["imagePullPolicy", "terminationMessagePolicy"]),
        ...items(container.ports).flatMap((port, i) =>
          prefixed(`ports[${i}]`, absent(port, ["protocol"]))
        ),
        ...items(container.env).flatMap((variable, i) =>
          prefixed(`env[${i}].valueFrom`, fieldRefDefaults(member(variable, "valueFrom")))
        ),
        ...["livenessProbe", "readinessProbe", "startupProbe"].flatMap((probe) =>
          isObject(container[probe]) ? prefixed(probe, probeDefaults(member(container, probe))) : []
        ),
        ...["postStart", "preStop"].flatMap((hook) =>
          prefixed(`lifecycle.${hook}`, httpDefaults(member(member(container, "lifecycle"), hook)))
        ),
      ].map((field) => `${path}.${field}`)
    ),
    ...items(object.spec.volumes).flatMap((volume, i) =>
      Object.keys(volume).some((key) => key !== "name") ? [] : [`spec.volumes[${i}]`]
    ),
  ];
}

function probeDefaults(probe: Json): string[] {
  return [...absent(probe, ["successThreshold"]), ...httpDefaults(probe)];
}

function httpDefaults({ httpGet }: Json): string[] {
  return isObject(httpGet) ? prefixed("httpGet", absent(httpGet, ["path", "scheme"])) : [];
}

function fieldRefDefaults({ fieldRef }: Json): string[] {
  return isObject(fieldRef) ? prefixed("fieldRef", absent(fieldRef, ["apiVersion"])) : [];
}

/** Fields that Go's types cannot distinguish from absent ones count too. */
function absent(object: Json, names: readonly string[]): string[] {
  return names.filter((name) => [undefined, "", 0].some((zero) => object[name] === zero));
}

function prefixed(prefix: string, fields: readonly string[]): string[] {
  return fields.map((field) => `${prefix}.${field}`);
}
