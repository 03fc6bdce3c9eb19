{{/* What the pods of all modes have alike. */}}

{{- define "svcdns.podMetadata" -}}
{{- $annotations := merge (deepCopy .Values.podAnnotations) .Values.customAnnotations }}
{{- if and (ne .Values.mode "proxy") (not .Values.existingConfigMap) (not (include "svcdns.isReloaded" .)) }}
{{- $_ := set $annotations "checksum/config" (include "svcdns.corefile" . | sha256sum) }}
{{- end }}
{{- if and (eq .Values.mode "proxy") .Values.proxy.config }}
{{- $_ := set $annotations "checksum/config" (.Values.proxy.config | toYaml | sha256sum) }}
{{- end -}}
metadata:
  labels:
    {{- merge (deepCopy .Values.podLabels) (include "svcdns.labels" . | fromYaml) | toYaml | nindent 4 }}
    {{- if eq .Values.mode "proxy" }}
    k8s-app: {{ include "svcdns.fullname" . }}
    {{- else }}
    {{- with .Values.k8sAppLabelOverride }}
    k8s-app: {{ . }}
    {{- end }}
    {{- end }}
  {{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "svcdns.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  {{- if kindIs "string" . }}
  - name: {{ . }}
  {{- else }}
  - name: {{ .name }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "svcdns.podSpec" -}}
serviceAccountName: {{ include "svcdns.serviceAccount" . }}
{{- include "svcdns.pullSecrets" . }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
dnsPolicy: {{ .Values.deployment.dnsPolicy }}
{{- with .Values.deployment.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.initContainers }}
initContainers:
  {{- tpl (toYaml .) $ | nindent 2 }}
{{- end }}
{{- end }}

{{- define "svcdns.extraMounts" -}}
{{- range .Values.extraSecrets }}
- name: {{ .name }}
  mountPath: {{ .mountPath }}
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "svcdns.extraVolumes" -}}
{{- range .Values.extraSecrets }}
- name: {{ .name }}
  secret:
    secretName: {{ .name }}
    {{- with .defaultMode }}
    defaultMode: {{ . }}
    {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Call: dict "probe" .Values.livenessProbe "path" "/health" "port" 8080. */}}
{{- define "svcdns.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
  scheme: HTTP
{{ omit .probe "enabled" "port" | toYaml }}
{{- end }}
