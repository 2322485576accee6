import type { Skip } from "../core/inject/contract.ts";
import { type Reason, REASONS } from "../core/reasons.ts";
import { MAX_WARNING_CHARACTERS } from "./warnings.ts";

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
