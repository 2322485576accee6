import type { AdmissionDecision } from "../api/admission.ts";
import type { Caveat, Injected, Injection, Skip } from "../core/inject/contract.ts";
import { refused } from "./decisions.ts";
import { skipWarning } from "./skip_warning.ts";

/**
 * The decision for an injection: the patch, or a denial with the remedy; a warning for each skipped SidecarSet and each
 * caveat, for the Pod's creator; audit annotations, whose keys the API server prefixes with the webhook's name.
 */
export function podDecision(injection: Injection): AdmissionDecision {
  const { patch, injected, skipped, caveats = [] } = injection;
  const refusing = skipped.filter(({ refuses }) => refuses);
  const warnings = [
    ...skipped.map(skipWarning),
    ...refusing.length === 0 ? caveats.map(caveatText) : [],
  ];
  const outcome = {
    ...(warnings.length > 0 ? { warnings } : {}),
    auditAnnotations: {
      ...(injected.length > 0 ? { injected: injected.map(injectedText).join(",") } : {}),
      ...(skipped.length > 0 ? { skipped: skipped.map(skippedText).join(",") } : {}),
    },
  };
  if (refusing.length === 0) return { allowed: true, patch, ...outcome };
  return {
    ...refused({
      code: 403,
      reason: "Forbidden",
      message: refusing.map(refusalText).join("; "),
      details: {
        kind: "Pod",
        causes: refusing.map(({ reason, message }) => ({ reason, field: "", message })),
      },
    }),
    ...outcome,
  };
}

function caveatText({ sidecarSet, message }: Caveat): string {
  return `SidecarSet ${sidecarSet}: ${message}`;
}

function refusalText({ sidecarSet, reason, message }: Skip): string {
  return `Cannot create the Pod without SidecarSet ${sidecarSet}, whose failurePolicy is Fail ` +
    `(${reason}): ${message}`;
}

function injectedText({ sidecarSet, revision }: Injected): string {
  return revision === "" ? sidecarSet : `${sidecarSet}@${revision}`;
}

function skippedText({ sidecarSet, reason }: Skip): string {
  return `${sidecarSet}=${reason}`;
}
