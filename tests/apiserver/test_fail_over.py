"""Two real kube-apiservers on one etcd, and svcdns when the one it follows is gone."""

from pathlib import Path

from tests.support.apiserver import ControlPlane
from tests.support.live_server import (
    MAIL,
    WEB,
    following,
    lines,
    put_web,
    rcode,
    until,
    until_served,
)


def test_the_second_server_takes_the_place_of_one_that_was_killed(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    put_web(cluster, "10.1.0.1")
    with cluster.another_apiserver() as first:
        servers = (first.url, cluster.url)
        with following(cluster, tmp_path, servers=servers) as server:
            until_served(server, WEB, "10.1.0.1")
            put_web(cluster, "10.1.0.2")
            until_served(server, WEB, "10.1.0.2")
            assert not lines(server, "watch.lost")

            first.program.kill()
            server.line(rf"watch\.lost resource=endpointslices server={first.url} ")
            during = server.addresses(WEB), rcode(server, MAIL)
            put_web(cluster, "10.1.0.3")
            until_served(server, WEB, "10.1.0.3")
            for resource in ("services", "endpointslices", "namespaces"):
                server.line(rf"watch\.recovered resource={resource} ")
            cluster.delete("Service", "shop", "web")
            until(lambda: rcode(server, WEB) == "NXDOMAIN", server)

            assert during == (["10.1.0.2"], "NXDOMAIN")
            # Both are of one history: nothing has to be read again.
            assert not lines(server, "watch.relisted")
            assert not any(cluster.url in line for line in lines(server, "watch.lost"))
