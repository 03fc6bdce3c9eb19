import pytest

from svcdns.plugins.bind import DIRECTIVE
from tests.support.directives import problems_of, settings_of

INTERFACES = {"lo": ["127.0.0.1", "::1"], "eth0": ["10.0.0.3", "fe80::1%eth0"]}


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("bind 10.0.0.3", ["10.0.0.3"]),
        ("bind 169.254.20.10 10.96.0.10", ["169.254.20.10", "10.96.0.10"]),
        ("bind ::1", ["::1"]),
        ("bind fe80::1%eth0", ["fe80::1%eth0"]),
        ("bind lo", ["127.0.0.1", "::1"]),
        ("bind lo eth0 {\n except ::1 fe80::1%eth0\n}", ["127.0.0.1", "10.0.0.3"]),
        ("bind lo eth0 {\n except lo\n}", ["10.0.0.3", "fe80::1%eth0"]),
        ("bind 10.0.0.3\nbind lo", ["10.0.0.3", "127.0.0.1", "::1"]),
        ("bind lo 127.0.0.1", ["127.0.0.1", "::1"]),
        ("bind 0.0.0.0", [""]),
        ("bind ::", [""]),
    ],
)
def test_addresses_add_up_and_exceptions_leave(text: str, addresses: list[str]) -> None:
    bind = settings_of(DIRECTIVE, text)

    assert list(bind.addresses(INTERFACES)) == addresses


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bind eth7", "Corefile:2:6: bind: 'eth7' is not a valid IP address or interface name"),
        ("bind 10.0.0.300", "'10.0.0.300' is not a valid IP address or interface name"),
        ("bind lo {\n except lo\n}", "Corefile:2:6: bind: no address is left to listen on"),
        ("bind lo {\n except nowhere\n}", "Corefile:3:9: bind: 'nowhere' is not a valid"),
    ],
)
def test_what_this_machine_has_not_is_named_with_its_place(text: str, said: str) -> None:
    bind = settings_of(DIRECTIVE, text)

    with pytest.raises(ValueError, match="bind") as caught:
        bind.addresses(INTERFACES)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("bind 127.0.0.1:53", "<127.0.0.1:53> bind: '127.0.0.1:53' is more", "bind 127.0.0.1;"),
        ("bind [::1]", "<[::1]> bind: '[::1]' is more than an address", "write: bind ::1;"),
        ("bind [::1]:53", "<[::1]:53> bind: '[::1]:53' is more than an address", "bind ::1;"),
        ("bind lo {\n except 10.0.0.1:53\n}", "<10.0.0.1:53> bind: '10.0.0.1:53'", "10.0.0.1;"),
    ],
)
def test_an_address_with_a_port_or_in_brackets_is_a_mistake(
    text: str, problem: str, hint: str
) -> None:
    ((found, said),) = problems_of(DIRECTIVE, text)

    assert found.startswith(problem)
    assert hint in said


@pytest.mark.parametrize("word", ["eth0:1", "::1", "fd00::1", "fe80::1%eth0", "10.0.0.1"])
def test_what_may_be_an_address_or_an_interface_is_none(word: str) -> None:
    assert problems_of(DIRECTIVE, f"bind {word}") == []


@pytest.mark.parametrize("text", ["bind", "bind lo {\n except\n}", "bind lo {\n only eth0\n}"])
def test_a_mistake_is_a_mistake(text: str) -> None:
    assert problems_of(DIRECTIVE, text)
