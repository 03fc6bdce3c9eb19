"""The last answer."""

import pytest

from svcdns.server.failure import servfail
from svcdns.wire.codes import RCode
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO
from tests.support.stubs import packet, question

WEB = question("web.shop.svc.cluster.local.")


@pytest.mark.parametrize("opt", [b"", BARE_OPT, BARE_OPT_DO])
def test_it_is_header_question_and_the_opt_of_the_query(opt: bytes) -> None:
    asked = packet(WEB, opt=opt)

    response = servfail(asked, stream=True)

    assert response is not None
    assert response[:2] == asked[:2]
    assert response[3] & 0x0F == RCode.SERVFAIL
    assert response[12:] == WEB.octets + opt


@pytest.mark.parametrize("silent", [b"", b"\0" * 11, packet(WEB, flags=0x8180)])
def test_nothing_is_said_to_what_is_no_query(silent: bytes) -> None:
    assert servfail(silent, stream=False) is None
