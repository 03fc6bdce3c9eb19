"""The steps of one server block, one after the other."""

from svcdns.answers.answer import Answer
from svcdns.route.route import Route
from svcdns.route.stages import Client, Observed
from svcdns.wire.codes import RCode
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import from_text
from svcdns.wire.question import Query, read_query
from tests.support.stubs import FixedClient, packet, question

QUERY = read_query(packet(question("web.example.")))
CLIENT = FixedClient()
NAME = from_text("example.")


class Step:
    """A step that says the same each time, and remembers whom it said it to."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
        self.asked: list[Query] = []

    def __call__(self, query: Query, _: Client) -> Answer | None:
        self.asked.append(query)
        return self.answer


def test_the_first_step_that_answers_ends_the_walk() -> None:
    passes, answers, never = Step(None), Step(Answer(RCode.NXDOMAIN)), Step(Answer())
    route = Route("example.", NAME, (passes, answers, never))

    answer = route.answer(QUERY, CLIENT)

    assert answer is answers.answer
    assert (passes.asked, answers.asked, never.asked) == ([QUERY], [QUERY], [])


def test_when_every_step_passes_the_query_fails_and_says_what_to_do() -> None:
    answer = Route("example.", NAME, (Step(None),)).answer(QUERY, CLIENT)

    assert (answer.rcode, answer.authoritative, answer.depends_on) == (RCode.SERVFAIL, False, None)
    assert answer.reason is not None
    assert answer.reason.code == InfoCode.OTHER
    assert answer.reason.text() == (
        "no next plugin found: no directive of the server block 'example.' answers web.example.; "
        "add one that does, or if 'fallthrough' passed the name on, take that away"
    )


def test_labels_of_all_directives_come_together_and_later_ones_win() -> None:
    first = {"a/x": "1", "a/y": "1"}
    second = {"a/y": "2", "b/z": "2"}
    route = Route("example.", NAME, metadata_steps=(lambda *_: first, lambda *_: second))

    assert route.metadata(QUERY, CLIENT) == {"a/x": "1", "a/y": "2", "b/z": "2"}
    assert Route("example.", NAME).metadata(QUERY, CLIENT) == {}


def test_only_who_sees_every_exchange_closes_the_fast_lane() -> None:
    def see(_: Observed) -> None:
        raise AssertionError

    assert Route("example.", NAME).is_bare
    assert Route("example.", NAME, failure_steps=(see,)).is_bare
    assert not Route("example.", NAME, observe_steps=(see,)).is_bare
