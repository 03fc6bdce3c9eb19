"""`svcdns query`: ask one question and say what the answer is, and why.

The question goes to a server, or, with manifests and no server named, is answered in this
process. How it is sent is `cli.stub_resolver`'s business, how it is shown `cli.query_report`'s.
"""

import secrets
from dataclasses import replace
from typing import Annotated, Literal, NamedTuple

import typer

from svcdns.cli.query_report import Record, Report, as_json, split_advice, table
from svcdns.cli.stub_resolver import Server, Silence, ask, default_server, server_of
from svcdns.cli.terminal import has_colour
from svcdns.corefile.errors import CorefileError
from svcdns.wire.codec import TextRecord, decode, encode_query
from svcdns.wire.codes import AA, RCode, RRType, rcode_text, type_number, type_text
from svcdns.wire.name import OwnerName, from_text, pack_address, reverse_name, to_text

EXAMPLES = """\b
Examples:
  svcdns query web.shop.svc.cluster.local
  svcdns query _http._tcp.web.shop.svc.cluster.local SRV @10.96.0.10
  svcdns query 10.96.4.7 @127.0.0.1:5300           the name of an address
  svcdns query web.shop.svc.cluster.local --manifests examples/shop
  svcdns query web.shop.svc.cluster.local -o json | jq .answer
"""

MAX_PROBLEMS = 10
"""Of manifests, shown beside an answer that is made from them."""


class _Asked(NamedTuple):
    name: OwnerName
    rrtype: int
    server: str
    """As it was typed, without the `@`; empty when none was."""


def query(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Full name (no search list is tried), or address."),
    ],
    rrtype: Annotated[
        str,
        typer.Argument(metavar="TYPE", help="A, AAAA, SRV and so on, or TYPE1234; A by default."),
    ] = "",
    server: Annotated[
        str, typer.Argument(metavar="@SERVER", help="@10.96.0.10 or @10.96.0.10:53.")
    ] = "",
    *,
    port: Annotated[
        int,
        typer.Option("--port", "-p", metavar="N", min=1, max=65535, help="Port of the server."),
    ] = 53,
    manifests: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Kubernetes objects: without @SERVER the answer is made from them, without "
            "sockets; with it they are searched for similar names.",
        ),
    ] = None,
    corefile: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Corefile that goes with --manifests."),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.1, max=60, help="How long each of two tries waits."),
    ] = 2.0,
    output: Annotated[
        Literal["table", "json"], typer.Option("--output", "-o", help="How to print it.")
    ] = "table",
) -> None:
    """Ask one question and say what the answer is, and why.

    Without @SERVER, SVCDNS_SERVER is asked (HOST or HOST:PORT), else the first nameserver of
    /etc/resolv.conf. NO_COLOR turns colours off.

    Exit codes: 0 there is an answer, 1 there is none, 2 the command line is wrong.
    """
    asked = _read([word for word in (name, rrtype, server) if word])
    if corefile is not None and manifests is None:
        raise typer.BadParameter("--corefile goes with --manifests DIR")
    if manifests is not None and not asked.server:
        report = _in_process(asked, manifests, corefile)
    else:
        report = _over_network(asked, _server(asked.server, port), timeout)
        if manifests is not None and not report.is_answer:
            report = _compared(report, _in_process(asked, manifests, corefile), manifests)
    typer.echo(as_json(report) if output == "json" else table(report, colour=has_colour()))
    raise typer.Exit(0 if report.is_answer else 1)


def _read(words: list[str]) -> _Asked:
    """The words in any order but name before type."""
    servers = [word[1:] for word in words if word.startswith("@")]
    rest = [word for word in words if not word.startswith("@")]
    if len(servers) > 1 or not 1 <= len(rest) <= 2:
        raise typer.BadParameter("write NAME, then TYPE and @SERVER if you need them")
    if "" in servers:
        raise typer.BadParameter("'@' names no server: write @10.96.0.10 or @10.96.0.10:53")
    try:
        name, rrtype = reverse_name(pack_address(rest[0])), int(RRType.PTR)
    except ValueError:
        rrtype = int(RRType.A)
        try:
            name = from_text(rest[0])
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    if len(rest) > 1:
        try:
            rrtype = type_number(rest[1])
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return _Asked(name, rrtype, servers[0] if servers else "")


def _server(named: str, port: int) -> Server:
    try:
        server = server_of(named, port) if named else default_server(port)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if server is None:
        raise typer.BadParameter("/etc/resolv.conf names no server: write @ADDRESS")
    return server


def _over_network(asked: _Asked, server: Server, timeout: float) -> Report:
    reply = ask(server, _message(asked), timeout)
    if isinstance(reply, Silence):
        return Report(
            reply.status,
            _text(asked.name),
            type_text(asked.rrtype),
            str(server),
            why=(reply.why,),
            next=reply.next,
        )
    return _report(asked, reply.message, str(server), reply.seconds, reply.transport)


def _in_process(asked: _Asked, manifests: str, corefile: str | None) -> Report:
    # A whole server, loaded only when it is wanted.
    from svcdns.app import inprocess  # noqa: PLC0415
    from svcdns.app.start_error import StartError  # noqa: PLC0415

    try:
        reply = inprocess.ask(_message(asked), manifests=manifests, corefile=corefile)
    except (CorefileError, StartError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"cannot read '{error.filename}': {error.strerror}", err=True)
        raise typer.Exit(1) from None
    for problem in reply.problems[:MAX_PROBLEMS]:
        typer.echo(problem, err=True)
    if len(reply.problems) > MAX_PROBLEMS:
        typer.echo(f"{len(reply.problems) - MAX_PROBLEMS:,} more like these", err=True)
    report = _report(asked, reply.response, f"from {manifests}", reply.seconds, "")
    return report if report.is_answer else replace(report, near=reply.near)


def _compared(remote: Report, local: Report, manifests: str) -> Report:
    """The server's negative answer with what the manifests say about the same question."""
    if local.is_answer:
        return replace(remote, next=f"{manifests} has this name: the server knows other objects")
    return replace(remote, near=local.near)


def _message(asked: _Asked) -> bytes:
    return encode_query(asked.name, asked.rrtype, id=secrets.randbelow(1 << 16))


def _report(asked: _Asked, message: bytes, server: str, seconds: float, transport: str) -> Report:
    report = Report(
        "MALFORMED",
        _text(asked.name),
        type_text(asked.rrtype),
        server,
        milliseconds=seconds * 1000,
        transport=transport,
    )
    try:
        reply = decode(message)
    except ValueError as error:
        return replace(report, why=(f"the reply is no DNS message: {error}",))
    status = rcode_text(reply.rcode)
    if reply.rcode == RCode.NOERROR and not reply.answer:
        status = "NODATA"
    reasons = [
        split_advice(text or f"Extended DNS Error {code}") for code, text in reply.extended_errors
    ]
    return replace(
        report,
        status=status,
        authoritative=bool(reply.flags & AA),
        answer=_records(reply.answer),
        authority=_records(reply.authority),
        additional=_records(reply.additional),
        why=tuple(why for why, _ in reasons),
        next=next((advice for _, advice in reasons if advice), ""),
    )


def _records(section: tuple[TextRecord, ...]) -> tuple[Record, ...]:
    return tuple(Record(r.owner, r.ttl, type_text(r.rrtype), r.rdata) for r in section)


def _text(name: OwnerName) -> str:
    """The name as people write it: without the root's dot."""
    return to_text(name).removesuffix(".") or "."
