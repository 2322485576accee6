{{/* A file of the kustomize base, in the release's namespace. */}}
{{- define "sidecarset.base" -}}
{{- $text := .root.Files.Get (printf "files/%s" .file) -}}
{{- $text | replace "sidecarset-system" .root.Release.Namespace -}}
{{- end -}}

{{/* The image by digest, or by tag. */}}
{{- define "sidecarset.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}
{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels that Helm's tools look for. */}}
{{- define "sidecarset.labels" -}}
app.kubernetes.io/name: sidecarset
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Each object of a text with several, with the chart's labels and the given ones. */}}
{{- define "sidecarset.labelled" -}}
{{- range $text := splitList "\n---\n" .text }}
{{- $object := fromYaml $text }}
{{- $labels := merge (dict) ($.labels | default dict) (include "sidecarset.labels" $.root | fromYaml) ($object.metadata.labels | default dict) }}
{{- $_ := set $object.metadata "labels" $labels }}
---
{{ toYaml $object }}
{{- end }}
{{- end -}}
