{{/* Names and labels. */}}

{{- define "svcdns.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* The release, with the chart's name behind it unless it is in there; 52 leave room for "-metrics". */}}
{{- define "svcdns.fullname" -}}
{{- $name := include "svcdns.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "svcdns.workload" -}}
{{- .Values.deployment.name | default (include "svcdns.fullname" .) }}
{{- end }}

{{- define "svcdns.component" -}}
{{- eq .Values.mode "proxy" | ternary "proxy" "dns" }}
{{- end }}

{{/* Labels of nobody else: the DNS Service of a cluster may want its own k8s-app,
     app.kubernetes.io/name and app.kubernetes.io/instance of pods, and podLabels may give them. */}}
{{- define "svcdns.selector" -}}
svcdns.io/release: {{ .Release.Name }}
app.kubernetes.io/component: {{ include "svcdns.component" . }}
{{- end }}

{{- define "svcdns.labels" -}}
{{ include "svcdns.selector" . }}
app.kubernetes.io/name: {{ include "svcdns.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- with .Values.customLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Metadata of an object. Call: dict "top" $ "name" "…" and, where they differ, "namespace" ("" for
     none), "labels", "annotations". */}}
{{- define "svcdns.metadata" -}}
{{- $namespace := hasKey . "namespace" | ternary .namespace .top.Release.Namespace -}}
metadata:
  name: {{ .name }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- merge (deepCopy (.labels | default dict)) (include "svcdns.labels" .top | fromYaml) | toYaml | nindent 4 }}
  {{- with merge (deepCopy (.annotations | default dict)) .top.Values.customAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "svcdns.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "svcdns.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "svcdns.clusterRole" -}}
{{- .Values.clusterRole.nameOverride | default (include "svcdns.fullname" .) }}
{{- end }}

{{- define "svcdns.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{/* The Service that sends queries to these pods alone. */}}
{{- define "svcdns.service" -}}
{{- if eq .Values.mode "standalone" }}
{{- .Values.service.name | default "kube-dns" }}
{{- else }}
{{- include "svcdns.fullname" . }}
{{- end }}
{{- end }}

{{- define "svcdns.replicas" -}}
{{- if kindIs "invalid" .Values.replicaCount }}
{{- eq .Values.mode "canary" | ternary 1 2 }}
{{- else }}
{{- .Values.replicaCount }}
{{- end }}
{{- end }}

{{- define "svcdns.hasMetricsService" -}}
{{- if or .Values.prometheus.service.enabled .Values.prometheus.monitor.enabled }}true{{ end }}
{{- end }}

{{/* Job of the series that the ServiceMonitor makes. */}}
{{- define "svcdns.job" -}}
{{- .Values.prometheus.rules.selector | default (printf "job=%q" (printf "%s-metrics" (include "svcdns.fullname" .))) }}
{{- end }}
