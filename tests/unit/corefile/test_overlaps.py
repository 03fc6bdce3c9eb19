import pytest

from tests.support.corefiles import good, problems, read_text

TAKEN = "it is already defined at Corefile:1"
SHARED = "zone overlap listener capacity with"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            ". {\nlog\n}\n.:53 {\nlog\n}\n",
            [f"4 <.:53> cannot serve dns://.:53 - {TAKEN}"],
            id="the same zone and port",
        ),
        pytest.param(
            "a. A {\nlog\n}\n",
            [f"1 <A> cannot serve dns://a.:53 - {TAKEN}"],
            id="twice in one block",
        ),
        pytest.param(
            "10.0.0.0/16 {\nlog\n}\n10.0.0.0/15 {\nlog\n}\n",
            [f"4 <10.0.0.0/15> cannot serve dns://0.10.in-addr.arpa.:53 - {TAKEN}"],
            id="networks that share a zone",
        ),
        pytest.param(
            "tls://a {\nlog\n}\ntls://a:853 {\nlog\n}\n",
            [f"4 <tls://a:853> cannot serve tls://a.:853 - {TAKEN}"],
            id="the port of the scheme",
        ),
        pytest.param(
            "a {\nbind 10.0.0.1\n}\na {\nlog\n}\n",
            [f"4 <a> cannot serve dns://a.:53 - {SHARED} dns://a.:53 on 10.0.0.1 at Corefile:1"],
            id="bound, then unbound",
        ),
        pytest.param(
            "a {\nlog\n}\na {\nbind eth0\n}\n",
            [f"4 <a> cannot serve dns://a.:53 on eth0 - {SHARED} dns://a.:53 at Corefile:1"],
            id="unbound, then bound",
        ),
        pytest.param(
            "a {\nbind ::1 10.0.0.1\n}\na {\nbind 10.0.0.2\nbind 0:0::1\n}\n",
            [f"4 <a> cannot serve dns://a.:53 on ::1 - {TAKEN}"],
            id="bound to the same address, spelled differently",
        ),
        pytest.param(
            "a {\nbind 10.0.0.1\n}\na {\nview v {\n}\n}\n",
            [f"4 <a> cannot serve dns://a.:53 - {SHARED} dns://a.:53 on 10.0.0.1 at Corefile:1"],
            id="a view may not overlap either",
        ),
    ],
)
def test_blocks_that_leave_no_room_collide(text: str, found: list[str]) -> None:
    assert problems(text) == found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a {\nlog\n}\na:54 {\nlog\n}\n", id="another port"),
        pytest.param("a {\nlog\n}\ntls://a:53 {\nlog\n}\n", id="another transport"),
        pytest.param("a {\nlog\n}\nb.a {\nlog\n}\n", id="a zone below"),
        pytest.param("a {\nbind 10.0.0.1\n}\na {\nbind 10.0.0.2\n}\n", id="other addresses"),
        pytest.param("a {\nbind lo lo\n}\n", id="one address twice"),
        pytest.param("a {\nlog\n}\na {\nview v {\n}\n}\n", id="a view behind"),
        pytest.param("a {\nview v {\n}\n}\na {\nlog\n}\n", id="a view in front"),
        pytest.param("a {\nview v {\n}\n}\na {\nview w {\n}\n}\n", id="two views"),
    ],
)
def test_blocks_that_can_be_told_apart_do_not_collide(text: str) -> None:
    assert good(text).blocks


def test_the_hint_says_how_to_tell_blocks_apart() -> None:
    (mistake,) = read_text("a {\nlog\n}\na {\nlog\n}\n").mistakes

    assert "another port, or 'bind' in both" in mistake.hint
