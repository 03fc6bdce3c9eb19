"""The lookup against a naive model: the same answers, and dependencies that are enough."""

from hypothesis import given, settings
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.answers.dependency import affected
from svcdns.answers.lookup import Stanza
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.model import Object
from svcdns.cluster.state import State
from svcdns.wire.codes import RCode, type_number
from svcdns.wire.name import from_text
from svcdns.wire.question import Question
from tests.support.naive_model import NaiveModel, touched
from tests.support.replies import ask
from tests.support.worlds import CLUSTERS, SETTINGS, events, questions

Asked = tuple[str, str]


def state_with(objects: list[Object]) -> State:
    state = State()
    state.apply([WatchEvent(type(one), one.key, one) for one in objects], 1)
    state.synced = True
    return state


def find(stanza: Stanza, asked: Asked) -> Answer:
    name, rrtype = asked
    answer = stanza.find(Question.of(from_text(name), type_number(rrtype)))
    assert isinstance(answer, Answer)
    return answer


def said(answer: Answer) -> tuple[object, ...]:
    """Return what a client can see of an answer."""
    return (answer.rcode, answer.answer, answer.additional, answer.authority is None)


@settings(max_examples=150, deadline=None)
@given(st.data(), CLUSTERS, SETTINGS)
def test_a_stanza_answers_like_the_naive_model(
    data: st.DataObject, objects: list[Object], options: KubernetesSettings
) -> None:
    stanza = Stanza(options, state_with(objects))
    model = NaiveModel(objects, options)

    for name, rrtype in data.draw(questions(objects)):
        reply = ask(stanza, name, rrtype)

        assert reply is not None
        expected = model.ask(name, rrtype)
        assert (reply.rcode, frozenset(reply.answer), frozenset(reply.additional)) == expected


@settings(max_examples=150, deadline=None)
@given(st.data(), CLUSTERS, SETTINGS)
def test_an_answer_that_changes_depended_on_what_was_touched(
    data: st.DataObject, objects: list[Object], options: KubernetesSettings
) -> None:
    state = state_with(objects)
    stanza = Stanza(options, state)
    before = {asked: find(stanza, asked) for asked in data.draw(questions(objects))}

    changes = state.apply([data.draw(events(objects))], 2)

    for asked, old in before.items():
        if old.depends_on is not None and said(find(stanza, asked)) != said(old):
            assert not touched(changes).isdisjoint(old.depends_on)
            assert not affected(changes).isdisjoint(old.depends_on)


@settings(max_examples=60, deadline=None)
@given(st.data(), CLUSTERS, SETTINGS)
def test_what_failed_is_never_kept(
    data: st.DataObject, objects: list[Object], options: KubernetesSettings
) -> None:
    stanza = Stanza(options, state_with(objects))

    for asked in data.draw(questions(objects)):
        answer = find(stanza, asked)

        if answer.rcode not in (RCode.NOERROR, RCode.NXDOMAIN):
            assert answer.depends_on is None


@settings(max_examples=60, deadline=None)
@given(st.data(), CLUSTERS, SETTINGS)
def test_every_negative_answer_has_a_reason_that_fits_into_a_response(
    data: st.DataObject, objects: list[Object], options: KubernetesSettings
) -> None:
    stanza = Stanza(options, state_with(objects))

    for asked in data.draw(questions(objects)):
        answer = find(stanza, asked)

        if not answer.answer:
            assert answer.reason is not None
            assert 10 < len(answer.reason.text()) < 250
