{{/* The Corefile, and what follows from it: ports, permissions. */}}

{{/* A value as text: numbers of YAML are floating ones here, and 1000000 would become 1e+06. */}}
{{- define "svcdns.text" -}}
{{- $value := first . }}
{{- if kindIs "float64" $value }}
{{- int64 $value }}
{{- else if not (kindIs "invalid" $value) }}
{{- $value }}
{{- end }}
{{- end }}

{{- define "svcdns.corefile" -}}
{{- if .Values.corefile }}
{{- .Values.corefile | trim }}
{{- else }}
{{- $lines := list }}
{{- range $directive, $line := .Values.extraConfig }}
{{- $lines = append $lines (printf "%s %s" $directive (include "svcdns.text" (list $line.parameters)) | trim) }}
{{- end }}
{{- range .Values.servers }}
{{- $port := .port }}
{{- $keys := list }}
{{- range .zones | default (list (dict "zone" ".")) }}
{{- $key := printf "%s%s" (.scheme | default "") (.zone | default ".") }}
{{- if $port }}
{{- $key = printf "%s:%d" $key (int $port) }}
{{- end }}
{{- $keys = append $keys $key }}
{{- end }}
{{- $lines = append $lines (printf "%s {" (join " " $keys)) }}
{{- range .plugins }}
{{- $line := printf "%s %s" .name (include "svcdns.text" (list .parameters)) | trim }}
{{- if .configBlock }}
{{- $lines = concat $lines (list (printf "    %s {" $line) (.configBlock | trim | indent 8) "    }") }}
{{- else }}
{{- $lines = append $lines (printf "    %s" $line) }}
{{- end }}
{{- end }}
{{- $lines = append $lines "}" }}
{{- end }}
{{- join "\n" $lines }}
{{- end }}
{{- end }}

{{/* The Corefile that pods get, as far as it can be seen: an existing one only while Helm talks to the
     cluster. */}}
{{- define "svcdns.seenCorefile" -}}
{{- if .Values.existingConfigMap }}
{{- $found := lookup "v1" "ConfigMap" .Release.Namespace .Values.existingConfigMap }}
{{- dig "data" "Corefile" "" ($found | default dict) }}
{{- else }}
{{- include "svcdns.corefile" . }}
{{- end }}
{{- end }}

{{- define "svcdns.configMap" -}}
{{- .Values.existingConfigMap | default (include "svcdns.fullname" .) }}
{{- end }}

{{/* Port of the first `health`, `ready` or `prometheus` that the Corefile has. Call: list $ "ready" 8181. */}}
{{- define "svcdns.portOf" -}}
{{- $corefile := include "svcdns.seenCorefile" (index . 0) }}
{{- $line := regexFind (printf "(?m)^[ \\t]*%s[ \\t]+[^ \\t{#\\n]*:[0-9]+" (index . 1)) $corefile }}
{{- regexFind "[0-9]+$" $line | default (index . 2) }}
{{- end }}

{{- define "svcdns.healthPort" -}}
{{- .Values.livenessProbe.port | default (include "svcdns.portOf" (list . "health" 8080)) }}
{{- end }}

{{- define "svcdns.readyPort" -}}
{{- .Values.readinessProbe.port | default (include "svcdns.portOf" (list . "ready" 8181)) }}
{{- end }}

{{- define "svcdns.metricsPort" -}}
{{- if eq .Values.mode "proxy" }}
{{- .Values.prometheus.port | default 10249 }}
{{- else }}
{{- .Values.prometheus.port | default (include "svcdns.portOf" (list . "prometheus" 9153)) }}
{{- end }}
{{- end }}

{{/* {"ports": […]}: each port of DNS once, with its name, its port in a Service and on nodes. */}}
{{- define "svcdns.dnsPorts" -}}
{{- $ports := list }}
{{- $seen := dict }}
{{- $servers := .Values.servers }}
{{- if or .Values.existingConfigMap .Values.corefile }}
{{- $servers = list }}
{{- range $number, $port := .Values.dnsPorts | default (list 53) }}
{{- $isAsked := and (eq $number 0) (not (has "53" (toStrings $.Values.dnsPorts))) }}
{{- $servers = append $servers (dict "port" $port "servicePort" (ternary 53 $port $isAsked)) }}
{{- end }}
{{- end }}
{{- range $servers }}
{{- $port := .port | default 53 | int }}
{{- if not (hasKey $seen (toString $port)) }}
{{- $_ := set $seen (toString $port) true }}
{{- $suffix := empty $ports | ternary "" (printf "-%d" $port) }}
{{- $ports = append $ports (dict "port" $port "suffix" $suffix "servicePort" (.servicePort | default $port | int) "nodePort" .nodePort "hostPort" .hostPort) }}
{{- end }}
{{- end }}
{{- dict "ports" $ports | toJson }}
{{- end }}

{{- define "svcdns.needsPods" -}}
{{- if or .Values.rbac.podsVerified (regexMatch "(?m)^[ \\t]*pods[ \\t]+verified" (include "svcdns.seenCorefile" .)) }}true{{ end }}
{{- end }}

{{/* A Corefile with `reload` is followed; another one needs new pods. */}}
{{- define "svcdns.isReloaded" -}}
{{- if regexMatch "(?m)^[ \\t]*reload\\b" (include "svcdns.corefile" .) }}true{{ end }}
{{- end }}
