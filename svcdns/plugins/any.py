"""any - answer questions for ANY with one small record.

Source: RFC 8482 section 4.2.
"""

from svcdns.answers.answer import Answer
from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.errand import Reach
from svcdns.route.stages import Client, Steps
from svcdns.wire.codes import RRType
from svcdns.wire.question import Query
from svcdns.wire.rrset import hinfo

_TTL = 8482


def parse(arguments: Arguments) -> None:
    """Read `any`, which takes no words."""
    for _ in arguments:
        pass


def answer(query: Query, _client: Client) -> Answer | None:
    """Return HINFO for ANY, whatever the name."""
    question = query.question
    if question.rrtype != RRType.ANY:
        return None
    record = hinfo(question.owner, _TTL, b"ANY obsoleted", b"See RFC 8482")
    return Answer(answer=(record,), authoritative=False, depends_on=(), written_by="any")


def build(_settings: None, _scope: Scope) -> Steps:
    """Return the step that answers ANY."""
    return Steps(answer=answer, reach=Reach(rrtypes=(RRType.ANY,)))


DIRECTIVE = Directive("any", parse, build)
