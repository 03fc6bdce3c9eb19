"""Which questions a directive says it may be for, and that it passes on all others as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcdns.answers.answer import Answer
from svcdns.plugins import DIRECTIVES
from svcdns.route.errand import Reach
from svcdns.route.stages import Client, Steps
from svcdns.wire.codes import RRType
from svcdns.wire.name import from_text
from svcdns.wire.question import Query, Question
from tests.support.directives import FixedScope, settings_of
from tests.support.foreign import query_for
from tests.support.stubs import FixedClient, addresses

BEHIND = Answer(answer=(addresses("c.b.example.", b"1234"),))
"""What whoever is behind says to everything."""
HOSTS = "192.0.2.1 b.example\n192.0.2.2 *.wild.example"

# Each with questions it is for, and one beside them that it is not for.
STANZAS = [
    ("any", ["a.example. ANY"], "a.example. A"),
    ("autopath b.example FILE", ["b.example. A", "c.b.example. TXT"], "a.example. A"),
    ("autopath @kubernetes", [], "a.example. A"),
    ("chaos", [], "version.bind. TXT"),
    ("dns64", ["a.example. AAAA"], "a.example. A"),
    ("file FILE b.example", ["b.example. SOA", "c.b.example. A"], "example. A"),
    (
        f"hosts FILE example {{\n{HOSTS}\nfallthrough\n}}",
        ["b.example. A", "b.example. TXT", "x.wild.example. A", "1.2.0.192.in-addr.arpa. PTR"],
        "a.example. A",
    ),
    (
        f"hosts FILE example {{\n{HOSTS}\nno_reverse\nfallthrough\n}}",
        ["b.example. A"],
        "1.2.0.192.in-addr.arpa. PTR",
    ),
    (f"hosts FILE example {{\n{HOSTS}\n}}", ["a.example. A", "example. TXT"], "a.test. A"),
    (
        f"hosts FILE example test {{\n{HOSTS}\nfallthrough test b.example\n}}",
        ["b.example. A", "a.example. A"],
        "a.test. A",
    ),
    ("k8s_external b.example", ["b.example. SOA", "c.b.example. A"], "a.example. A"),
    ("k8s_external b.example {\nfallthrough\n}", ["c.b.example. A"], "a.example. A"),
    ("local", ["x.localhost. A", "localhost.a.example. A", "0.127.in-addr.arpa. PTR"], "a. A"),
    ("local {\nlocalhost_prefix off\n}", ["localhost. A"], "localhost.a.example. A"),
    ("rewrite name b.example a.example", ["b.example. A", "b.example. TXT"], "c.b.example. A"),
    ("rewrite name prefix b c", ["b.example. A"], "a.example. A"),
    ("rewrite name regex ^c[.](.*) {1}", ["c.b.example. A"], "b.example. A"),
    ("rewrite type TXT A", ["a.example. TXT"], "a.example. ANY"),
    ("rewrite class CH IN", [], "a.example. A"),
    ("rewrite ttl suffix b.example. 7", ["c.b.example. A"], "a.example. A"),
    ("rewrite rcode exact b.example. NXDOMAIN NOERROR", ["b.example. A"], "c.b.example. A"),
    (
        "rewrite continue type TXT A\nrewrite name b.example a.example",
        ["b.example. A", "a.example. TXT"],
        "a.example. A",
    ),
    ("template IN A .", ["a.example. A", "a.example. ANY"], "a.example. AAAA"),
    ("template ANY ANY b.example", ["b.example. TXT", "c.b.example. A"], "a.example. A"),
    ("template IN A b.example {\nmatch ^c\nfallthrough\n}", ["b.example. A"], "a.example. A"),
    ("template CH ANY .", [], "a.example. A"),
    ("transfer {\nto *\n}", ["a.example. AXFR", "a.example. IXFR"], "a.example. A"),
]

NAMES = (
    *("a.", "a.test.", "example.", "a.example.", "b.example.", "c.b.example.", "xb.example."),
    *("x.wild.example.", "x.y.wild.example.", "localhost.", "localhost.a.example.", "."),
    *("1.2.0.192.in-addr.arpa.", "1.0.0.127.in-addr.arpa.", "xlocalhost."),
)
questions = st.builds(
    Question.of, st.sampled_from(NAMES).map(from_text), st.sampled_from(list(RRType))
)


def steps_of(text: str) -> Steps:
    """Return what a directive does; there are no files, and it has nothing but `text`."""
    directive = next(one for one in DIRECTIVES if one.name == text.split(maxsplit=1)[0])
    steps = directive.build(settings_of(directive, text), FixedScope())
    assert isinstance(steps, Steps)
    return steps


def asked(text: str) -> Question:
    name, rrtype = text.split()
    return Question.of(from_text(name), RRType[rrtype])


def has(reach: Reach | None, question: Question) -> bool:
    """Whether a reach has a question, as a route makes use of it."""
    assert reach is not None
    owner = question.owner
    return (
        question.rrtype in reach.rrtypes
        or owner.endswith(reach.zones)
        or (reach.has is not None and reach.has(owner))
    )


@pytest.mark.parametrize(("text", "inside", "beside"), STANZAS)
def test_a_directive_says_which_questions_it_may_be_for(
    text: str, inside: list[str], beside: str
) -> None:
    reach = steps_of(text).reach

    assert [one for one in inside if not has(reach, asked(one))] == []
    assert not has(reach, asked(beside))


@pytest.mark.parametrize("text", [text for text, *_ in STANZAS])
@given(questions)
def test_what_is_not_for_a_directive_passes_it_unchanged(text: str, question: Question) -> None:
    steps = steps_of(text)
    query, client = query_for(question), FixedClient()
    passed: list[Query] = []

    def rest(query: Query, _: Client) -> Answer:
        passed.append(query)
        return BEHIND

    if has(steps.reach, question):
        return
    if steps.answer is not None:
        assert steps.answer(query, client) is None
    if steps.around is not None:
        assert steps.around(query, client, rest) is BEHIND
        assert passed == [query]


@pytest.mark.parametrize(
    "text",
    [
        "acl {\nblock net 10.0.0.0/8\n}",
        "cache",
        "header {\nresponse set ra\n}",
        "minimal",
        "rewrite class IN CH",
        "rewrite cname exact b.example. a.example.",
        "rewrite edns0 nsid set",
        "rewrite name regex (.*) {kubernetes/pod}.{1} metadata",
        "whoami",
    ],
)
def test_what_may_be_for_every_question_says_nothing(text: str) -> None:
    assert steps_of(text).reach is None
