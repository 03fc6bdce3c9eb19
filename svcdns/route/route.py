"""One server block, compiled: which steps a query meets, in which order.

The order of the steps is the order of the directives in `plugins`, never that of the Corefile.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from svcdns.answers.answer import Answer, Reason
from svcdns.route.stages import AnswerStep, Client, MetadataStep, ObserveStep
from svcdns.wire.codes import RCode
from svcdns.wire.edns import InfoCode
from svcdns.wire.name import OwnerName, to_text
from svcdns.wire.question import Query


def _nobody_answers(zone: str, owner: OwnerName) -> str:
    return (
        f"no next plugin found: no directive of the server block '{zone}' answers "
        f"{to_text(owner)}; add one that does, or if 'fallthrough' passed the name on, "
        "take that away"
    )


@dataclass(frozen=True, slots=True)
class Route:
    """The steps of one server block for one of its keys."""

    zone: str
    """The key as metrics and logs name it: lower case, with the final dot."""
    name: OwnerName
    answer_steps: tuple[AnswerStep, ...] = ()
    metadata_steps: tuple[MetadataStep, ...] = ()
    observe_steps: tuple[ObserveStep, ...] = ()
    failure_steps: tuple[ObserveStep, ...] = ()
    """See only exchanges that failed, which no entry ever does: the fast lane goes on."""
    rotate: bool = False
    measured: bool = False
    refuses: bool = False
    """The block is empty: there is nothing that could answer or fail."""

    @property
    def is_bare(self) -> bool:
        """Whether nobody looks at single exchanges, so that the fast lane may answer."""
        return not self.observe_steps

    def answer(self, query: Query, client: Client) -> Answer:
        """Return the first answer of the answer stage, SERVFAIL when no step has one."""
        for step in self.answer_steps:
            answer = step(query, client)
            if answer is not None:
                return answer
        return Answer(
            RCode.SERVFAIL,
            authoritative=False,
            reason=Reason(InfoCode.OTHER, _nobody_answers, (self.zone, query.question.owner)),
            written_by="",
        )

    def metadata(self, query: Query, client: Client) -> Mapping[str, str]:
        """Return the labels of all directives for one query."""
        labels: dict[str, str] = {}
        for step in self.metadata_steps:
            labels.update(step(query, client))
        return labels
