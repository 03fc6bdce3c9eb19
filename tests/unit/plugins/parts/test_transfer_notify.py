import socket

import dns.flags
import dns.message
import dns.opcode
import pytest

from svcdns.plugins.parts import transfer_notify
from svcdns.plugins.parts.transfer_notify import Secondary, is_response, notification, notify
from svcdns.wire.name import from_text

ZONE = from_text("example.org")


def test_a_notification_is_what_dnspython_takes_for_one() -> None:
    message = dns.message.from_wire(notification(ZONE, 0x1234))

    assert message.opcode() == dns.opcode.NOTIFY
    assert message.flags & dns.flags.AA
    assert message.id == 0x1234
    assert message.question[0].to_text() == "example.org. IN SOA"


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("1234a4000001000000000000", True),
        ("1234a0050001000000000000", True),
        ("123424000001000000000000", False),
        ("123484000001000000000000", False),
        ("1235a4000001000000000000", False),
        ("1234a4", False),
        ("", False),
    ],
)
def test_a_response_has_the_id_and_the_opcode(octets: str, *, expected: bool) -> None:
    assert is_response(bytes.fromhex(octets), 0x1234) == expected


async def test_a_secondary_that_says_nothing_is_tried_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer_notify, "SECONDS", 0.001)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(5)

        problem = await notify(ZONE, Secondary(*silent.getsockname()))
        received = [silent.recv(512) for _ in range(3)]

    assert problem == "no response to 3 notifications"
    assert len(set(received)) == 1


async def test_an_address_that_cannot_be_sent_from_is_a_problem() -> None:
    problem = await notify(ZONE, Secondary("127.0.0.1"), "192.0.2.1")

    assert problem
