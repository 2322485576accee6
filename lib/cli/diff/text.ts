import { CONDITION_REASONS } from "../../core/reasons.ts";
import type { Mechanism } from "../sidecarsets/mechanism.ts";
import { counted, listed, painted, wrapped } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Forecast } from "./forecast.ts";
import type { NewPodDiff } from "./new_pods.ts";

/** The effects of applying one SidecarSet. */
export interface Preview {
  readonly name: string;
  /** Whether the SidecarSet exists in the cluster. */
  readonly exists: boolean;
  /** Diff of the spec; empty without changes. */
  readonly spec: string;
  readonly newPods: NewPodDiff | undefined;
  /** What will inject new Pods, with the reason if it is not what the SidecarSet asks for. */
  readonly mechanism: Mechanism;
  readonly forecast: Forecast;
}

/** A preview as `-o json` and `-o yaml` print it. */
export function previewData({ name, exists, spec, newPods, mechanism, forecast }: Preview) {
  const change = changeOf({ exists, spec });
  return { name, change, spec, mechanism, newPods: newPods ?? null, ...forecast };
}

function changeOf({ exists, spec }: Pick<Preview, "exists" | "spec">): string {
  if (!exists) return "Create";
  return spec === "" ? "None" : "Update";
}

/** A preview as sections for people: the change of the spec, new Pods, and running Pods; ends with a line end. */
export function previewText(preview: Preview, terminal: Terminal): string {
  const { name, exists, spec, newPods, mechanism, forecast } = preview;
  const restart = `${terminal.program} rollout restart-injection ${name}`;
  const bold = (text: string) => painted(text, { color: "bold", terminal });
  if (exists && spec === "") return `${bold(`SidecarSet ${name}`)} would not change.\n`;
  const sections = [
    `${bold(`SidecarSet ${name}`)} would be ${exists ? "changed" : "created"}:\n${spec}`,
    newPodsText(newPods, bold) + mechanismText(mechanism),
    `${bold("Running Pods")}:\n${forecastLines(forecast, restart).join("\n")}\n`,
  ];
  return sections.join("\n");
}

function newPodsText(newPods: NewPodDiff | undefined, bold: (text: string) => string): string {
  if (newPods === undefined) {
    return `${bold("New Pods")}: no namespace of the cluster can have a selected Pod.\n`;
  }
  const { like, diff, skipped } = newPods;
  const title = `${bold("New Pods")}${like === undefined ? "" : `, for example a copy of ${like}`}`;
  const notes = skipped.flatMap((note) => wrapped(note, 2)).map((line) => `${line}\n`).join("");
  return diff === "" ? `${title}: no changes.\n${notes}` : `${title}:\n${diff}${notes}`;
}

function mechanismText({ name, fallback }: Mechanism): string {
  const lines = fallback
    ? wrapped(`The webhook injects them (${fallback.reason}): ${fallback.message}`, 2)
    : name === "Policy"
    ? ["  The API server injects them by itself (mechanism Policy)."]
    : [];
  return lines.map((line) => `${line}\n`).join("");
}

function forecastLines(forecast: Forecast, restart: string): string[] {
  const { matched, upToDate, rounds, end, waiting, recreate, uninjected, released } = forecast;
  const upgraded = rounds.flat().length;
  const groups = [
    group(upToDate, "up to date", []),
    group(
      upgraded,
      `upgraded in place, in ${counted(rounds.length, "round")}`,
      rounds.map((names, index) => `${index + 1}. ${listed(names)}`),
    ),
    group(waiting.length, `waiting (${end}): ${reasonText(end)}`, [listed(waiting)]),
    group(
      recreate.length,
      "must be recreated",
      byMessage(recreate).map(([message, pods]) => `${listed(pods)}: ${message}`),
    ),
    ...imagesLines(recreate),
    group(uninjected.length, "selected, without the sidecars until recreated", [
      listed(uninjected),
    ]),
    ...(recreate.length + uninjected.length > 0
      ? [["  Recreate them afterwards:", `    ${restart}`]]
      : []),
    group(released.length, "no longer selected", [listed(released)]),
  ].flat();
  return groups.length === 0 ? [`  no changes to ${counted(matched, "Pod")}`] : groups;
}

/** Whether Pods that must be recreated get the new images before. */
function imagesLines(recreate: Forecast["recreate"]): string[][] {
  const named = (withImages: boolean) =>
    recreate.flatMap(({ pod, getsImages }) => getsImages === withImages ? [pod] : []);
  const [updated, left] = [named(true), named(false)];
  return [
    group(updated.length, "of these get the new images in place", [listed(updated)]),
    group(
      left.length,
      "of these keep their old images until they are recreated, also if the new ones fix a " +
        "vulnerability: apply the images alone first, or set " +
        "spec.updateStrategy.partialUpdatePolicy to Images",
      [],
    ),
  ];
}

function group(count: number, what: string, details: readonly string[]): string[] {
  if (count === 0) return [];
  return [...wrapped(`${count} ${what}`, 2), ...details.flatMap((detail) => wrapped(detail, 4))];
}

function byMessage(recreate: Forecast["recreate"]): [string, string[]][] {
  const groups = Map.groupBy(recreate, ({ message }) => message);
  return [...groups].map(([message, pods]) => [message, pods.map(({ pod }) => pod)]);
}

function reasonText(reason: Forecast["end"]): string {
  return reason === "InvalidSidecarSet"
    ? "the SidecarSet does not pass validation"
    : CONDITION_REASONS[reason];
}
