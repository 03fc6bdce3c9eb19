"""The last answer: what a transport says when answering itself went wrong."""

from svcdns.wire.codes import RCode
from svcdns.wire.edns import BARE_OPT, BARE_OPT_DO
from svcdns.wire.question import MalformedQueryError, read_query
from svcdns.wire.response import EMPTY, assemble, limit_of


def servfail(packet: bytes, *, stream: bool) -> bytes | None:
    """Return SERVFAIL to the query in `packet`, or None where nothing may be said.

    Header, question and OPT, so it is no longer than the query with an OPT.
    """
    try:
        query = read_query(packet)
    except MalformedQueryError as malformed:
        return malformed.reply
    opt = b""
    if query.edns is not None:
        opt = BARE_OPT_DO if query.edns.dnssec_ok else BARE_OPT
    return assemble(
        query,
        RCode.SERVFAIL,
        EMPTY,
        authoritative=False,
        opt=opt,
        limit=limit_of(query.edns, stream),
    )
