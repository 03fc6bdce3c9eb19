"""The table of where Services are."""

from svcdns.app.proxy_table import table
from svcdns.dataplane.listening import Place
from svcdns.dataplane.userspace import Served
from tests.support.reconciling import virtual


def test_services_stand_in_order_with_places_and_endpoints() -> None:
    served = [
        Served(virtual(2), None),
        Served(virtual(1, 1, 2), Place("127.0.0.1", 8080)),
    ]

    assert table(served) == (
        "SERVICE     ADDRESS           HERE            ENDPOINTS\n"
        "shop/web-1  10.96.0.1:80/TCP  127.0.0.1:8080  2\n"
        "shop/web-2  10.96.0.2:80/TCP  -               0"
    )


def test_without_services_there_are_titles() -> None:
    assert table([]) == "SERVICE  ADDRESS  HERE  ENDPOINTS"
