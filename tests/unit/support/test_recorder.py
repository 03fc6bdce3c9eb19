"""The recorder complains about what may not be shown, and about nothing else."""

import pytest

from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Object, Pod, Service
from svcdns.source.apiserver.protocol import Resource
from tests.support.fakeapi import FakeApi, Recorder, objects

SERVICES = Resource(Service, "Service", "/api/v1/services", "services")
FRONT = SERVICES._replace(label_selector="tier=front")
PODS = Resource(Pod, "Pod", "/api/v1/pods", "pods")
WEB = ("shop", "web")


class Case:
    """A fake, its recorder, and a short way to change and to show a Service."""

    def __init__(self, resource: Resource = SERVICES) -> None:
        self.api = FakeApi()
        self.resource = resource
        self.recorder = Recorder(self.api)

    def put(self, port: int, name: str = "web", tier: str = "front") -> Object:
        self.api.put(objects.service(name, ports={"http": port}, labels={"tier": tier}))
        return self.api.values("Service")["shop", name]

    def show(self, value: Object) -> None:
        event = WatchEvent(self.resource.kind, value.key, value)
        self.recorder.apply(self.resource, [event])

    def show_deleted(self, name: str = "web") -> None:
        event = WatchEvent(self.resource.kind, ("shop", name), None)
        self.recorder.apply(self.resource, [event])

    def replace(self, *values: Object) -> None:
        self.recorder.replace(self.resource, values)

    @property
    def complaints(self) -> str:
        return "\n".join(self.recorder.violations)


@pytest.fixture
def case() -> Case:
    return Case()


def test_what_happened_may_be_shown_in_its_order_or_with_gaps(case: Case) -> None:
    first, *_, last = [case.put(port) for port in (1, 2, 3)]
    case.replace(first)
    case.show(last)
    case.api.delete("Service", *WEB)
    case.show_deleted()
    case.show(case.put(4))

    case.recorder.check()
    assert case.recorder.differences(SERVICES) == []
    assert (case.recorder.replaced, case.recorder.applied) == (1, 3)


def test_going_back_is_complained_about(case: Case) -> None:
    first, second = case.put(1), case.put(2)
    case.replace(second)
    case.show(first)

    assert "Service shop/web goes back" in case.complaints
    with pytest.raises(AssertionError, match="goes back"):
        case.recorder.check()


def test_being_again_as_before_is_no_way_back(case: Case) -> None:
    values = [case.put(port) for port in (1, 2, 1)]
    case.replace(values[0])
    case.show(values[1])
    case.show(values[2])

    case.recorder.check()


def test_a_value_that_never_was_is_complained_about(case: Case) -> None:
    case.replace(Service("shop", "web"))

    assert "never was like this" in case.complaints


def test_an_object_that_a_relist_loses_is_complained_about(case: Case) -> None:
    web, mail = case.put(1), case.put(1, "mail")
    case.replace(web, mail)
    case.replace(mail)

    assert case.complaints.startswith("services at version 1002: Service shop/web never was")


def test_a_delete_of_what_is_not_known_is_complained_about(case: Case) -> None:
    case.replace()
    case.put(1)
    case.api.delete("Service", *WEB)
    case.show_deleted()

    assert "is deleted and was not known" in case.complaints


def test_a_delete_of_what_could_not_be_used_is_no_matter() -> None:
    case = Case(PODS)
    case.api.put(objects.pod("web"))
    case.api.delete("Pod", *WEB)
    case.replace()
    case.show_deleted()

    case.recorder.check()


def test_leaving_the_selection_is_being_deleted() -> None:
    case = Case(FRONT)
    case.replace(case.put(1))
    case.put(1, tier="back")
    case.show_deleted()
    case.show(case.put(1, tier="front"))

    case.recorder.check()
    assert case.recorder.differences(FRONT) == []


def test_changes_before_the_first_list_are_complained_about(case: Case) -> None:
    case.show(case.put(1))

    assert "changes before the first list" in case.complaints


def test_after_a_restore_the_past_is_new(case: Case) -> None:
    first = case.put(1)
    backup = case.api.backup()
    second = case.put(2)
    case.put(1, "mail")
    mail = case.api.values("Service")["shop", "mail"]
    case.replace(second, mail)
    case.api.restore(backup)
    case.replace(first)

    case.recorder.check()
    case.show(second)
    assert "goes back" in case.complaints


def test_differences_are_named(case: Case) -> None:
    case.replace(case.put(1))
    case.put(2)
    case.put(1, "mail")

    mail, web = case.recorder.differences(SERVICES)
    assert mail.startswith("Service shop/mail: None instead of Service(")
    assert web.startswith("Service shop/web: Service(")
