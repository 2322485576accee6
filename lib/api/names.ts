/**
 * Names that OpenKruise defines (`apis/apps/v1alpha1`, `pkg/control/sidecarcontrol`) and other programs rely on.
 */

export const GROUP = "apps.kruise.io";
export const VERSIONS = ["v1alpha1", "v1beta1"] as const;
export const STORAGE_VERSION = "v1beta1";
export const KIND = "SidecarSet";
export const PLURAL = "sidecarsets";
/** Name of the CustomResourceDefinition. */
export const CRD_NAME = `${PLURAL}.${GROUP}`;

/** Name of the Lease, of the webhook configurations, of the injection policy and of the ClusterRole that owns them. */
export const INSTALLATION = "sidecarset";

/** Set by `kubectl apply`: the whole object as JSON. */
export const LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

/** On SidecarSets, ControllerRevisions and (as JSON by SidecarSet name) on Pods. */
export const HASH_ANNOTATION = "kruise.io/sidecarset-hash";
export const HASH_WITHOUT_IMAGE_ANNOTATION = "kruise.io/sidecarset-hash-without-image";
/** On SidecarSets: marks a canary, and names its base. */
export const CANARY_ANNOTATION = "apps.kruise.io/sidecarset-canary";
export const CANARY_BASE_ANNOTATION = "apps.kruise.io/sidecarset-base";

/** On Pods. */
export const INJECTED_LIST_ANNOTATION = "kruise.io/sidecarset-injected-list";
export const INPLACE_UPDATE_STATE_ANNOTATION = "kruise.io/sidecarset-inplace-update-state";
export const WORKING_HOT_UPGRADE_ANNOTATION = "kruise.io/sidecarset-working-hotupgrade-container";
export const VERSION_ANNOTATION_PREFIX = "version.sidecarset.kruise.io/";
export const VERSION_ALT_ANNOTATION_PREFIX = "versionalt.sidecarset.kruise.io/";

/** On the API server's copy of a static Pod. The kubelet ignores changes of the copy. */
export const MIRROR_POD_ANNOTATION = "kubernetes.io/config.mirror";

export const INJECTED_ENV = "IS_INJECTED";
export const VERSION_ENV = "SIDECARSET_VERSION";
export const VERSION_ALT_ENV = "SIDECARSET_VERSION_ALT";
export const TERMINATE_ENV = "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT";
export const TERMINATE_WITH_IMAGE_ENV = "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT_WITH_IMAGE";

/** Labels of ControllerRevisions; the second also on v1alpha1 SidecarSets. */
export const REVISION_OWNER_LABEL = "kruise.io/sidecarset-name";
export const CUSTOM_VERSION_LABEL = "apps.kruise.io/sidecarset-custom-version";
export const REVISION_HASH_LABEL = "controller.kubernetes.io/hash";

export const NAMESPACE_NAME_LABEL = "kubernetes.io/metadata.name";

/** Pod conditions. */
export const UPGRADABLE_CONDITION = "SidecarSetUpgradable";
export const TERMINATED_CONDITION = "SidecarTerminated";
/** Of the kubelet, during a resize in place. */
export const POD_RESIZE_PENDING_CONDITION = "PodResizePending";
export const POD_RESIZE_IN_PROGRESS_CONDITION = "PodResizeInProgress";

/** Where OpenKruise is installed by default. */
export const OPENKRUISE_NAMESPACE = "kruise-system";

/** The optional allow-list for `patchPodMetadata`, in the controller's namespace. */
export const ALLOW_LIST_CONFIG_MAP = "kruise-configuration";
export const ALLOW_LIST_KEY = "SidecarSet_PatchPodMetadata_WhiteList";

/** The two containers of a hot-upgrade pair are named `<container>-1` and `<container>-2`. */
export const HOT_UPGRADE_SUFFIXES = ["-1", "-2"] as const;

/**
 * On the controller's Lease: time until which the leader was synced, so that the counts in all statuses were right.
 */
export const COUNTED_UNTIL_ANNOTATION = "kruise.io/sidecarset-counted-until";

/** On the MutatingWebhookConfiguration: selections of just admitted SidecarSets, as JSON. */
export const PENDING_SELECTIONS_ANNOTATION = "kruise.io/sidecarset-pending-selections";

/** Name of the policy that shows whether API servers use the injection policy, and of the ConfigMap of its dry runs. */
export const POLICY_PROBE = "sidecarset-probe";
/** What it adds to that ConfigMap. */
export const POLICY_PROBE_ANNOTATION = "kruise.io/sidecarset-policy-versions";

/** On the Lease of each replica: its label, and its CA bundle. */
export const REPLICA_LABEL = "kruise.io/sidecarset-replica";
export const CA_BUNDLE_ANNOTATION = "kruise.io/sidecarset-ca-bundle";

/** On the Lease of each replica: the program's version, and the SHA-256 fingerprint of its serving certificate. */
export const REPLICA_VERSION_ANNOTATION = "kruise.io/sidecarset-replica-version";
export const REPLICA_CERTIFICATE_ANNOTATION = "kruise.io/sidecarset-replica-certificate";

/** Name of the Secret with the webhook's certificate authority. */
export const AUTHORITY_SECRET = "sidecarset-webhook-ca";
/** On that Secret: a change makes each replica issue a new serving certificate. */
export const RENEWAL_ANNOTATION = "kruise.io/sidecarset-renewal";
