from svcdns.answers.answer import (
    ON_NAMESPACES,
    Answer,
    Reason,
    on_address,
    on_namespace,
    on_service,
    on_services_named,
)
from svcdns.wire.codes import RCode


def test_dependencies_on_different_things_are_different() -> None:
    everything = [
        ON_NAMESPACES,
        on_namespace("web"),
        on_service("shop", "web"),
        on_service("web", "shop"),
        on_services_named("web"),
        on_address(b"\x0a\0\0\1"),
    ]

    assert len(set(everything)) == len(everything)


def test_a_sentence_is_made_only_when_somebody_wants_to_read_it() -> None:
    asked: list[str] = []

    def sentence(name: str) -> str:
        asked.append(name)
        return f"no {name}"

    reason = Reason(0, sentence, ("web",))
    assert not asked

    assert reason.text() == "no web"


def test_an_answer_says_yes_with_authority_and_is_not_kept_unless_it_says_so() -> None:
    answer = Answer()

    assert answer.rcode is RCode.NOERROR
    assert answer.authoritative
    assert answer.depends_on is None
