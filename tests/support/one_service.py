"""Manifests of one Service, shop/web, whose pods answer at port 8080 over TCP and UDP."""

NODE_PORT = 30080


def service_text(*addresses: str) -> str:
    """Return a Service of type NodePort at these ClusterIPs."""
    return (
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
        f"spec:\n  type: NodePort\n  clusterIPs: [{_listed(addresses)}]\n  ports:\n"
        f"  - {{name: http, port: 80, targetPort: 8080, nodePort: {NODE_PORT}}}\n"
        "  - {name: dns, port: 53, protocol: UDP, targetPort: 8080}\n"
    )


def slice_text(*addresses: str) -> str:
    """Return an EndpointSlice with these pods, all on the node `here`."""
    family = "IPv6" if any(":" in one for one in addresses) else "IPv4"
    endpoints = "".join(
        f"- addresses: ['{one}']\n  conditions: {{ready: true}}\n  nodeName: here\n"
        for one in addresses
    )
    return (
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
        f"metadata: {{name: web-{family.lower()}, namespace: shop, "
        "labels: {kubernetes.io/service-name: web}}\n"
        f"addressType: {family}\nports:\n- {{name: http, port: 8080, protocol: TCP}}\n"
        f"- {{name: dns, port: 8080, protocol: UDP}}\nendpoints:\n{endpoints}"
    )


def _listed(addresses: tuple[str, ...]) -> str:
    return ", ".join(f"'{one}'" for one in addresses)
