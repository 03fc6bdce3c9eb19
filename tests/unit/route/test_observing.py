import pytest

from svcdns.answers.answer import Answer, Reason
from svcdns.answers.foreign import Outcome
from svcdns.route.observing import Observing, failure_of, is_error
from svcdns.route.route import Route
from svcdns.route.stages import Observed
from svcdns.wire.codes import RCode, RRType
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import ROOT
from tests.support.cached import WWW
from tests.support.foreign import foreign, query_for
from tests.support.stubs import FixedClient, addresses, question

RESPONSE = b"\0\1\x81\x82" + bytes(8)
REFUSED = Answer(RCode.REFUSED)


def why(code: int = InfoCode.NETWORK_ERROR) -> Reason:
    return Reason(code, lambda: "why")


def remembered(route: Route, answer: Outcome) -> None:
    """Remember one exchange, which took two seconds, and let it be seen."""
    observing = Observing(lambda: 5.0, lambda bug, _: pytest.fail(repr(bug)))
    said = observing.remember(query_for(WWW), FixedClient(), route, answer, RESPONSE, 3.0)
    assert said == RESPONSE
    observing.observe()
    observing.observe()


def test_an_exchange_is_seen_once_with_what_was_sent() -> None:
    seen: list[Observed] = []

    remembered(Route("a.", ROOT, observe_steps=(seen.append,)), foreign(WWW))

    (observed,) = seen
    assert (observed.rcode, observed.flags, observed.response_size) == (2, 0x8182, 12)
    assert (observed.seconds, observed.error, observed.zone) == (2.0, "", "a.")


def test_who_looks_at_failures_sees_nothing_else() -> None:
    seen: list[Observed] = []
    route = Route(".", ROOT, failure_steps=(seen.append,))

    remembered(route, foreign(WWW))
    remembered(route, Answer(RCode.SERVFAIL, reason=why()))

    assert [observed.error for observed in seen] == ["why"]


def test_who_looks_at_errors_sees_no_success_and_no_denial() -> None:
    seen: list[Observed] = []
    route = Route(".", ROOT, error_steps=(seen.append,))

    remembered(route, foreign(WWW))
    remembered(route, Answer(RCode.NXDOMAIN))
    remembered(route, REFUSED)

    assert [observed.answer for observed in seen] == [REFUSED]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Answer(), False),
        (REFUSED, True),
        (Answer(RCode.NXDOMAIN), False),
        (Answer(RCode.NXDOMAIN, (addresses("b.example.", b"1234"),)), True),
        (foreign(WWW), False),
        (foreign(WWW, rcode=RCode.NXDOMAIN), False),
        (foreign(WWW, addresses("b.example.", b"1234"), rcode=RCode.NXDOMAIN), True),
    ],
)
def test_an_error_is_what_no_code_for_success_or_denial_stands_for(
    outcome: Outcome,
    expected: bool,  # noqa: FBT001  a column of the table
) -> None:
    assert is_error(WWW, outcome) is expected


def test_a_transfer_is_never_a_success() -> None:
    assert is_error(question("example.", RRType.AXFR), Answer())


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (None, ""),
        (Answer(), ""),
        (Answer(RCode.NXDOMAIN, reason=why()), ""),
        (Answer(RCode.SERVFAIL), ""),
        (Answer(RCode.SERVFAIL, reason=why()), "why"),
        (Answer(RCode.SERVFAIL, reason=why(InfoCode.CACHED_ERROR)), ""),
        (Answer(RCode.REFUSED, reason=why()), ""),
        (Answer(RCode.REFUSED, reason=why(InfoCode.OTHER)), "why"),
    ],
)
def test_a_failure_is_said_once(answer: Answer | None, failure: str) -> None:
    assert failure_of(answer) == failure
