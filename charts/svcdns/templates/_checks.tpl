{{/* Values that are right one by one and wrong together. Each sentence says what to do. */}}

{{/* Texts that have a form. The schema could only print the pattern. */}}
{{- define "svcdns.checkForms" -}}
{{- $address := "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$" }}
{{- $network := "^[0-9a-fA-F:.]+/[0-9]{1,3}(,[0-9a-fA-F:.]+/[0-9]{1,3})*$" }}
{{- $duration := "^([0-9]+(ms|s|m|h))+$" }}
{{- $forms := list
  (list "image.digest" .Values.image.digest "^sha256:[0-9a-f]{64}$" "is no digest: write sha256: and 64 hexadecimal digits")
  (list "proxy.apiServer.host" .Values.proxy.apiServer.host "^[-A-Za-z0-9.]+$|:.*:" "is no host: write an address or a name, without https:// and port")
  (list "proxy.clusterCIDR" .Values.proxy.clusterCIDR $network "is no network: write 10.244.0.0/16, several with a comma between them")
  (list "proxy.metricsAddress" .Values.proxy.metricsAddress $address "is no address: write 127.0.0.1 or 0.0.0.0")
  (list "service.clusterIP" (eq .Values.service.clusterIP "None" | ternary "" .Values.service.clusterIP) $address "is no address: write 10.96.0.10")
  (list "service.loadBalancerIP" .Values.service.loadBalancerIP $address "is no address: write 192.0.2.53")
  (list "prometheus.monitor.interval" .Values.prometheus.monitor.interval $duration "is no time: write 30s")
  (list "prometheus.monitor.scrapeTimeout" .Values.prometheus.monitor.scrapeTimeout $duration "is no time: write 10s")
}}
{{- range .Values.service.clusterIPs }}
{{- $forms = append $forms (list "service.clusterIPs" . $address "is no address: write 10.96.0.10") }}
{{- end }}
{{- range .Values.service.externalIPs }}
{{- $forms = append $forms (list "service.externalIPs" . $address "is no address: write 192.0.2.53") }}
{{- end }}
{{- range $forms }}
{{- if and (index . 1) (not (regexMatch (index . 2) (index . 1))) }}
{{ printf "%s: '%s' %s." (index . 0) (index . 1) (index . 3) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "svcdns.check" -}}
{{- $values := .Values }}
{{- $wrong := list }}
{{- with include "svcdns.checkForms" . | trim }}
{{- $wrong = append $wrong . }}
{{- end }}
{{- if eq .Values.mode "standalone" }}
{{- if and .Values.isClusterService (not (or .Values.service.clusterIP .Values.service.clusterIPs)) }}
{{- $wrong = append $wrong "mode standalone needs service.clusterIP: the address that kubelets write into resolv.conf, 10.96.0.10 with kubeadm and kind (kubectl get configmap -n kube-system kubelet-config -o yaml says it). With isClusterService: false the cluster chooses one." }}
{{- end }}
{{- else if eq .Values.mode "proxy" }}
{{- if not (or .Values.proxy.apiServer.host .Values.proxy.existingConfigMap) }}
{{- $wrong = append $wrong "mode proxy needs proxy.apiServer.host: an address at which nodes reach an API server without the ClusterIP (kubectl get endpointslices kubernetes says one). Where there is kube-proxy's ConfigMap, proxy.existingConfigMap: kube-proxy does as well." }}
{{- end }}
{{- if and .Values.proxy.existingConfigMap .Values.proxy.config }}
{{- $wrong = append $wrong "proxy.existingConfigMap is used as it is: write proxy.config into it, or leave one of both empty." }}
{{- end }}
{{- if .Values.hpa.enabled }}
{{- $wrong = append $wrong "hpa.enabled: mode proxy has one pod on every node, so there is no number of them to choose." }}
{{- end }}
{{- else if not .Values.k8sAppLabelOverride }}
{{- $wrong = append $wrong (printf "mode %s needs k8sAppLabelOverride: the value of the label k8s-app that the cluster's DNS Service selects, kube-dns with kubeadm and kind." .Values.mode) }}
{{- end }}
{{- if and .Values.dnsPorts (not (or .Values.existingConfigMap .Values.corefile)) }}
{{- $wrong = append $wrong "dnsPorts says where existingConfigMap or corefile serve DNS: without them write port into servers." }}
{{- end }}
{{- if and .Values.prometheus.rules.enabled (not (or .Values.prometheus.monitor.enabled .Values.prometheus.rules.selector)) }}
{{- $wrong = append $wrong "prometheus.rules.enabled: no series has the job that alerts look for, and the one for servers that are gone would fire. Set prometheus.monitor.enabled, or prometheus.rules.selector to what your series have." }}
{{- end }}
{{- if .Values.existingConfigMap }}
{{- range list "corefile" "extraConfig" "zoneFiles" }}
{{- if index $values . }}
{{- $wrong = append $wrong (printf "existingConfigMap is mounted as it is: write %s into it, or leave one of both empty." .) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.podDisruptionBudget.minAvailable .Values.podDisruptionBudget.maxUnavailable }}
{{- $wrong = append $wrong "podDisruptionBudget: minAvailable and maxUnavailable exclude each other; leave one of them out." }}
{{- end }}
{{- if .Values.autoscaler }}
{{- $wrong = append $wrong (printf "autoscaler: this chart brings no cluster-proportional-autoscaler. Set hpa.enabled, or run one of your own with --target=deployment/%s." (include "svcdns.workload" .)) }}
{{- end }}
{{- with $wrong }}
{{- fail (printf "\n\n%s\n" (join "\n" $wrong)) }}
{{- end }}
{{- end }}
