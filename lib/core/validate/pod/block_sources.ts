import type { Field } from "../field.ts";
import { requires } from "./source_check.ts";

const MAX_LUN = 255;
/** Kubernetes' patterns unchanged: the first has no start anchor, the others an unescaped dot. */
const ISCSI_NAMES: readonly (readonly [string, RegExp])[] = [
  ["iqn", /iqn\.\d{4}-\d{2}\.([a-zA-Z0-9.-]+)(:[^,;*&$|\s]+)$/],
  ["eui", /^eui.[a-zA-Z0-9]{16}$/],
  ["naa", /^naa.[a-zA-Z0-9]{32}$/],
];

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateISCSIVolumeSource` */
export function checkIscsi(source: Field): void {
  requires("targetPortal", "iqn")(source);
  const iqn = source.member("iqn");
  if (iqn.text() !== "") checkIscsiName(iqn);
  checkLun(source.member("lun"));
  const usesChap = ["chapAuthDiscovery", "chapAuthSession"].some((name) =>
    source.member(name).flag()
  );
  const secret = source.member("secretRef");
  if (usesChap && !secret.isSet) secret.required("must be set because CHAP is used");
  const initiator = source.member("initiatorName");
  if (initiator.isSet) checkIscsiName(initiator);
}

function checkIscsiName(name: Field): void {
  const [, pattern] = ISCSI_NAMES.find(([prefix]) => name.text().startsWith(prefix)) ?? [];
  if (!pattern?.test(name.text())) {
    name.invalid("must be a name such as iqn.2001-04.com.example:storage, eui. or naa.");
  }
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateFCVolumeSource` */
export function checkFibreChannel(source: Field): void {
  const names = source.member("targetWWNs").items().length > 0;
  const ids = source.member("wwids").items().length > 0;
  if (!names && !ids) source.required("must have targetWWNs or wwids");
  if (names && ids) source.invalid("must have either targetWWNs or wwids");
  if (!names) return;
  const lun = source.member("lun");
  if (!lun.isSet) lun.required("must be set because targetWWNs are");
  checkLun(lun);
}

function checkLun(lun: Field): void {
  if (lun.integer() < 0 || lun.integer() > MAX_LUN) {
    lun.invalid(`must be between 0 and ${MAX_LUN}`);
  }
}
