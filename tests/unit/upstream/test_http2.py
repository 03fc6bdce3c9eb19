"""DNS questions as HTTP/2 requests, in memory: a server of h2's own is the other end."""

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hypothesis import given
from hypothesis import strategies as st

from svcdns.upstream.http2 import (
    MOST_OCTETS,
    Answered,
    BrokenError,
    Came,
    Failed,
    Method,
    Refused,
    Requests,
)
from tests.support.http2_server import GOOD, Http2Server, Request

Settings = dict[SettingCodes, int]


def connected(
    settings: Settings | None = None, method: Method = Method.POST
) -> tuple[Requests, Http2Server]:
    """Return both ends after they have told each other their settings."""
    requests, server = Requests("dns.example", "/q", method), Http2Server(settings)
    exchange(requests, server)
    return requests, server


def exchange(requests: Requests, server: Http2Server) -> tuple[list[Request], list[Came]]:
    """Pass octets on until nobody has any; return what came to either end."""
    asked: list[Request] = []
    came: list[Came] = []
    while True:
        out = requests.take()
        asked += server.receive(out)
        back = server.take()
        if not out and not back:
            return asked, came
        came += requests.receive(back)


def test_a_question_is_posted() -> None:
    requests, server = connected()

    stream = requests.ask(b"question")
    (asked,), _ = exchange(requests, server)

    assert asked == Request(
        stream,
        {
            ":method": "POST",
            ":scheme": "https",
            ":authority": "dns.example",
            ":path": "/q",
            "accept": "application/dns-message",
            "content-type": "application/dns-message",
            "content-length": "8",
        },
        b"question",
    )


def test_a_question_is_in_the_path_without_padding_if_that_is_wanted() -> None:
    requests, server = connected(method=Method.GET)

    requests.ask(b"\xff\xfe\xfd\xfc")
    (asked,), _ = exchange(requests, server)

    assert asked.headers[":method"] == "GET"
    assert asked.headers[":path"] == "/q?dns=__79_A"
    assert "content-type" not in asked.headers
    assert asked.question == b"\xff\xfe\xfd\xfc"


def test_answers_come_in_any_order() -> None:
    requests, server = connected()
    first, second = requests.ask(b"one"), requests.ask(b"two")
    exchange(requests, server)

    server.answer(second, b"2")
    server.answer(first, b"1")
    _, came = exchange(requests, server)

    assert came == [Answered(second, b"2", 0), Answered(first, b"1", 0)]


def test_a_long_answer_comes_in_parts_and_as_many_as_there_are() -> None:
    requests, server = connected()
    message = bytes(40_000)

    for _ in range(20):  # without window updates 65,535 octets would be the end
        stream = requests.ask(b"question")
        exchange(requests, server)
        server.answer(stream, message)
        _, came = exchange(requests, server)
        assert came == [Answered(stream, message, 0)]


def test_the_age_of_an_answer_is_told() -> None:
    requests, server = connected()
    streams = [requests.ask(b"question") for _ in range(3)]
    exchange(requests, server)

    for stream, age in zip(streams, ("250", "-1", "9" * 30), strict=True):
        server.answer(stream, b"answer", {**GOOD, "age": age})
    _, came = exchange(requests, server)

    assert [answer.age for answer in came if isinstance(answer, Answered)] == [250, 0, 0]


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({":status": "503"}, "HTTP status 503"),
        ({":status": "204", "content-type": "application/dns-message"}, "HTTP status 204"),
        ({":status": "200"}, "the content type is none, not application/dns-message"),
        (
            {":status": "200", "content-type": "text/html"},
            "the content type is 'text/html', not application/dns-message",
        ),
    ],
)
def test_what_is_no_dns_answer_is_a_failure_that_says_so(headers: dict[str, str], why: str) -> None:
    requests, server = connected()
    stream = requests.ask(b"question")
    exchange(requests, server)

    server.answer(stream, b"sorry", headers)
    _, came = exchange(requests, server)

    assert came == [Failed(stream, why)]
    assert requests.room
    assert requests.is_open


def test_a_content_type_may_have_parameters_and_any_case() -> None:
    requests, server = connected()
    stream = requests.ask(b"question")
    exchange(requests, server)

    server.answer(stream, b"1", {**GOOD, "content-type": "Application/DNS-Message; a=b"})

    assert exchange(requests, server)[1] == [Answered(stream, b"1", 0)]


def test_no_message_is_longer_than_messages_are() -> None:
    requests, server = connected()
    stream = requests.ask(b"question")
    exchange(requests, server)

    server.h2.send_headers(stream, list(GOOD.items()))
    came: list[Came] = []
    for _ in range(MOST_OCTETS // 16_384 + 1):
        server.h2.send_data(stream, bytes(16_384))
        came += exchange(requests, server)[1]

    assert came == [Failed(stream, f"a message of more than {MOST_OCTETS} octets")]
    assert server.resets == [stream]


def test_a_reset_stream_is_a_failure_with_its_name() -> None:
    requests, server = connected()
    first, second = requests.ask(b"one"), requests.ask(b"two")
    exchange(requests, server)

    server.h2.reset_stream(first, ErrorCodes.INTERNAL_ERROR)
    server.h2.reset_stream(second, ErrorCodes.REFUSED_STREAM)
    _, came = exchange(requests, server)

    assert came == [
        Failed(first, "the stream was reset (INTERNAL_ERROR)"),
        Refused(second, "the stream was reset (REFUSED_STREAM)"),
    ]
    assert requests.is_open


def goaway(last: int, code: int) -> bytes:
    """Return the frame, as h2's own server would be closed by sending it."""
    return b"\0\0\x08\x07\0\0\0\0\0" + last.to_bytes(4) + code.to_bytes(4)


def test_there_is_room_for_one_until_the_server_has_said_more() -> None:
    requests, server = Requests("dns.example", "/q", Method.POST), Http2Server()
    assert requests.room == 1
    requests.ask(b"one")
    assert requests.room == 0

    exchange(requests, server)

    assert requests.room > 1


def test_who_goes_away_still_answers_what_he_says_he_does() -> None:
    requests, server = connected()
    first, second = requests.ask(b"one"), requests.ask(b"two")
    exchange(requests, server)

    came = list(requests.receive(goaway(first, 0)))
    assert came == [Refused(second, "GOAWAY (NO_ERROR)")]
    assert not requests.is_open
    assert not requests.room

    server.answer(first, b"1")
    assert exchange(requests, server)[1] == [Answered(first, b"1", 0)]


def test_going_away_in_two_steps_refuses_only_in_the_second() -> None:
    requests, server = connected()
    stream = requests.ask(b"one")
    exchange(requests, server)

    assert list(requests.receive(goaway(0x7FFF_FFFF, 0))) == []
    assert list(requests.receive(goaway(0, 11))) == [Refused(stream, "GOAWAY (ENHANCE_YOUR_CALM)")]


def test_an_unknown_error_code_is_a_number() -> None:
    requests, server = connected()
    stream = requests.ask(b"one")
    exchange(requests, server)

    assert list(requests.receive(goaway(0, 0xBEEF))) == [Refused(stream, "GOAWAY (error 48879)")]


def test_there_is_room_for_as_many_as_the_server_says() -> None:
    requests, server = connected({SettingCodes.MAX_CONCURRENT_STREAMS: 2})
    first = requests.ask(b"one")
    requests.ask(b"two")
    assert requests.room == 0

    exchange(requests, server)
    server.answer(first, b"1")
    exchange(requests, server)

    assert requests.room == 1


def test_a_question_waits_until_the_server_takes_all_of_it() -> None:
    requests, server = connected({SettingCodes.INITIAL_WINDOW_SIZE: 3})
    stream = requests.ask(b"question")

    (asked,), _ = exchange(requests, server)  # which gives room as it reads

    assert (asked.stream, asked.body) == (stream, b"question")


def test_who_answers_before_the_end_of_a_question_gets_no_more_of_it() -> None:
    requests, server = connected({SettingCodes.INITIAL_WINDOW_SIZE: 0})
    stream = requests.ask(b"question")
    exchange(requests, server)

    server.answer(stream, b"1")

    assert exchange(requests, server) == ([], [Answered(stream, b"1", 0)])
    assert server.resets == [stream]


def test_what_comes_for_a_question_that_was_withdrawn_is_passed_over() -> None:
    requests, server = connected()
    stream = requests.ask(b"question")
    exchange(requests, server)

    server.answer(stream, b"late")
    late = server.take()
    requests.withdraw(stream)
    assert list(requests.receive(late)) == []

    exchange(requests, server)
    assert server.resets == []  # the server has said all already
    assert exchange(requests, server) == ([], [])
    other = requests.ask(b"other")
    exchange(requests, server)
    server.answer(other, b"2")
    assert exchange(requests, server)[1] == [Answered(other, b"2", 0)]


def test_what_is_kept_of_headers_is_bounded_whatever_the_server_would_keep() -> None:
    requests, server = connected(method=Method.GET)
    server.h2.update_settings({SettingCodes.HEADER_TABLE_SIZE: 1 << 24})
    exchange(requests, server)

    for number in range(300):
        stream = requests.ask(number.to_bytes(90))
        exchange(requests, server)
        server.answer(stream, b"1")
        exchange(requests, server)

    assert 0 < len(server.h2.decoder.header_table.dynamic_entries) < 50


def test_what_is_kept_of_settings_is_bounded_however_many_a_server_has() -> None:
    requests, _ = connected()

    frames = (b"\0\0\6\4" + bytes(5) + bytes((1, number, 0, 0, 0, 0)) for number in range(99))

    with pytest.raises(BrokenError, match=r"^more than 64 settings$"):
        list(requests.receive(b"".join(frames)))

    assert not requests.is_open


def test_what_is_kept_of_streams_that_have_ended_is_bounded() -> None:
    requests, server = connected()
    for _ in range(1100):
        stream = requests.ask(b"one")
        server.receive(requests.take())
        server.answer(stream, b"1")
        assert list(requests.receive(server.take())) == [Answered(stream, b"1", 0)]

    assert len(requests._connection._closed_streams) == 1024  # noqa: SLF001


def test_octets_of_another_protocol_are_named() -> None:
    requests, _ = connected()

    with pytest.raises(BrokenError, match=r"^a frame of 4740180 octets$"):
        list(requests.receive(b"HTTP/1.1 400 Bad Request\r\n"))

    assert not requests.is_open


def test_a_frame_that_must_not_come_breaks_the_connection_and_the_server_is_told() -> None:
    requests, _ = connected()

    with pytest.raises(BrokenError):
        list(requests.receive(b"\0\0\x01\x00\0\0\0\0\x07x"))  # DATA on a stream nobody opened

    assert b"\x07" in requests.take()[3:4]


@given(octets=st.binary(max_size=200), asked=st.booleans())
def test_any_octets_are_read_or_break_the_connection(octets: bytes, *, asked: bool) -> None:
    requests, server = connected()
    stream = requests.ask(b"question")
    if asked:
        exchange(requests, server)
        server.answer(stream, b"1")
    octets = server.take() + octets
    came: list[Came] = []
    try:
        came = list(requests.receive(octets))
    except BrokenError as error:
        assert str(error)  # noqa: PT017  it may as well not come

    assert len(came) <= 1
    assert isinstance(requests.take(), bytes)


@given(st.integers(0, 255), st.integers(0, 255), st.sampled_from((0, 1, 3, 5)), st.binary())
def test_any_frame_is_read_or_breaks_the_connection(
    kind: int, flags: int, stream: int, body: bytes
) -> None:
    requests, server = connected()
    asked = [requests.ask(b"question") for _ in range(2)]
    exchange(requests, server)
    frame = len(body).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + body
    came: list[Came] = []
    try:
        came = list(requests.receive(frame))
    except BrokenError as error:
        assert str(error)  # noqa: PT017  it may as well not come

    assert {one.stream for one in came} <= set(asked)


@given(st.data())
def test_it_does_not_matter_how_octets_are_cut(data: st.DataObject) -> None:
    requests, server = connected()
    streams = [requests.ask(b"question") for _ in range(3)]
    exchange(requests, server)
    for stream in streams:
        server.answer(stream, bytes((stream,)) * 300)
    octets = server.take() + goaway(0x7FFF_FFFF, 0)
    came: list[Came] = []

    while octets:
        cut = data.draw(st.integers(1, len(octets)))
        came += requests.receive(octets[:cut])
        octets = octets[cut:]

    assert came == [Answered(stream, bytes((stream,)) * 300, 0) for stream in streams]
