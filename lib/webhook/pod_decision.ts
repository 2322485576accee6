import type { AdmissionDecision } from "../api/admission.ts";
import type { Caveat, Injected, Injection, Skip } from "../core/inject/contract.ts";
import { type Reason, REASONS } from "../core/reasons.ts";
import { refused } from "./decisions.ts";
import { MAX_WARNING_CHARACTERS } from "./warnings.ts";

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
  const auditAnnotations: Record<string, string> = {};
  // Several entries of the registration can select a Pod: only the review that injects a SidecarSet reports it.
  const added = injected.filter(({ isNew }) => isNew);
  if (added.length > 0) auditAnnotations.injected = added.map(injectedText).join(",");
  if (skipped.length > 0) auditAnnotations.skipped = skipped.map(skippedText).join(",");
  const outcome = warnings.length > 0 ? { warnings, auditAnnotations } : { auditAnnotations };
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

/** Text of a reason: in general, and with the name, port or field that it concerns. */
interface Cause {
  readonly text: string;
  about?(subject: string): string;
}

/** Short texts of the reasons for skipping a SidecarSet. The long text is the skip's message. */
const CAUSES: Readonly<Partial<Record<Reason, Cause>>> = {
  InvalidSidecarSet: {
    text: "fix its spec, which is not valid",
    about: (field) => `fix ${field}, which is not valid`,
  },
  InjectionPaused: { text: "injection is paused (spec.injectionStrategy.paused)" },
  CanaryTakesOver: {
    text: "its canary is injected instead",
    about: (canary) => `its canary "${canary}" is injected instead`,
  },
  RevisionNotFound: {
    text: "the pinned revision does not exist",
    about: (revision) => `pinned revision "${revision}" does not exist`,
  },
  ContainerNameConflict: {
    text: "a container name is taken",
    about: (container) => `container name "${container}" is taken`,
  },
  SidecarNameConflict: {
    text: "another SidecarSet took its place",
    about: (container) => `container name "${container}" is taken by another SidecarSet`,
  },
  VolumeConflict: {
    text: "a volume or mount does not fit the Pod",
    about: (volume) => `fix volume or mount "${volume}", which does not fit the Pod`,
  },
  PortConflict: {
    text: "a host port is taken",
    about: (port) => `host port "${port}" is taken`,
  },
  PodSpecConflict: {
    text: "a field does not fit the Pod",
    about: (field) => `fix ${field}, which does not fit the Pod`,
  },
  PodSecurityViolation: {
    text: "it violates the namespace's Pod Security level",
    about: (level) => `it violates Pod Security level "${level}" of the namespace`,
  },
  NoTargetContainer: {
    text: "resourcesPolicy matches no container",
    about: (field) => `fix ${field}, which matches no container`,
  },
  ExpressionFailed: {
    text: "resourcesPolicy cannot be evaluated",
    about: (field) => `fix ${field}, which cannot be evaluated`,
  },
  AnnotationNotJson: {
    text: "an annotation of the Pod is not JSON",
    about: (annotation) => `annotation "${annotation}" is not JSON`,
  },
  EnvConflict: {
    text: "a variable of a container does not fit its patch",
    about: (field) => `fix ${field}, which does not fit the Pod`,
  },
  LabelConflict: {
    text: "its labels change another SidecarSet's selection",
    about: (other) => `its labels would change whether "${other}" selects the Pod`,
  },
  AnnotationsTooLarge: { text: "shorten the Pod's annotations, which are too large" },
};

/**
 * The admission warning for a skipped SidecarSet. Names are shortened in the middle to fit the limit, so that the cause
 * is always readable.
 */
export function skipWarning({ sidecarSet, reason, subject }: Skip): string {
  const cause = CAUSES[reason] ?? { text: REASONS[reason] };
  const write = (name: string, about = "") =>
    `SidecarSet ${name} not injected: ${
      subject === undefined || cause.about === undefined ? cause.text : cause.about(about)
    }`;
  const room = MAX_WARNING_CHARACTERS - write("").length;
  const [name, about] = fitted([sidecarSet, cause.about ? subject ?? "" : ""], room);
  return write(name, about);
}

/** Shortens two texts to `room` characters together; the longer one first. */
export function fitted([a, b]: readonly [string, string], room: number): [string, string] {
  const half = Math.floor(room / 2);
  const ofB = Math.min([...b].length, Math.max(half, room - [...a].length));
  return [shortened(a, room - ofB), shortened(b, ofB)];
}

const CUT = "...";

function shortened(text: string, length: number): string {
  const characters = [...text];
  if (characters.length <= length) return text;
  const kept = length - CUT.length;
  const head = Math.ceil(kept / 2);
  return [...characters.slice(0, head), CUT, ...characters.slice(head - kept)].join("");
}
