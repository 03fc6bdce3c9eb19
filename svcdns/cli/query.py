"""`svcdns query`: ask one question and say what the answer is, and why.

The question goes to a server, or, with a cluster and no server named, is answered in this
process. How it is sent is `cli.stub_resolver`'s business, how it is shown `cli.query_report`'s;
`cli.query_cluster` reads the cluster, `cli.search_path` has the names that are tried.
"""

import os
import secrets
from dataclasses import replace
from typing import Annotated, Literal, NamedTuple

import typer

from svcdns.cli.cluster_flags import Apiserver, Context, Kubeconfig, servers_of
from svcdns.cli.query_cluster import Cluster, Live, cluster_of
from svcdns.cli.query_report import Record, Report, as_json, split_advice, table
from svcdns.cli.search_path import candidates
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
  svcdns query web -n shop --context prod          as a Pod in shop would, from the API server
  svcdns query web.shop.svc.cluster.local -o json | jq .answer
"""

_NOBODY = frozenset(("TIMEOUT", "UNREACHABLE"))
"""In the place of an RCODE: no other name will do better."""


class _Asked(NamedTuple):
    name: OwnerName
    rrtype: int
    server: str
    """As it was typed, without the `@`; empty when none was."""
    text: str
    """The name as it was typed; empty for an address."""


def query(  # noqa: PLR0913 - one parameter an option
    invocation: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Full name (no search list is tried without -n), or address."
        ),
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
        typer.Option(metavar="FILE", help="Corefile that goes with --manifests or a cluster."),
    ] = None,
    namespace: Annotated[
        str,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAME",
            help="Try NAME as a Pod of this Namespace would: with its search list.",
            show_default=False,
        ),
    ] = "",
    zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Zone of the cluster, for the search list.")
    ] = "cluster.local",
    kubeconfig: Kubeconfig = "",
    kube_context: Context = "",
    apiserver: Apiserver = "",
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
    /etc/resolv.conf. With --context, --kubeconfig or --apiserver the answer is made from what
    the API server has now; so it is for kubectl svcdns, from the Namespace of the context.
    NO_COLOR turns colours off.

    Exit codes: 0 there is an answer, 1 there is none, 2 the command line is wrong.
    """
    asked = _read([word for word in (name, rrtype, server) if word])
    is_plugin = (invocation.find_root().info_name or "").startswith("kubectl")
    is_live = bool(kubeconfig or kube_context or apiserver) or (
        is_plugin and manifests is None and not asked.server
    )
    cluster = cluster_of(
        manifests,
        Live(kubeconfig, kube_context, servers_of(apiserver)) if is_live else None,
        corefile,
    )
    if is_live and is_plugin and not namespace:
        namespace = _current_namespace(kubeconfig, kube_context)
    remote = _server(asked.server, port) if asked.server or cluster is None else None
    report = _first(_tried(asked, namespace, zone), remote, cluster, timeout)
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
    text = ""
    try:
        name, rrtype = reverse_name(pack_address(rest[0])), int(RRType.PTR)
    except ValueError:
        rrtype, text = int(RRType.A), rest[0]
        try:
            name = from_text(rest[0])
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    if len(rest) > 1:
        try:
            rrtype = type_number(rest[1])
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return _Asked(name, rrtype, servers[0] if servers else "", text)


def _current_namespace(kubeconfig: str, context: str) -> str:
    from svcdns.app.current_namespace import current_namespace  # noqa: PLC0415 - seldom needed

    return current_namespace(os.environ, kubeconfig, context)


def _tried(asked: _Asked, namespace: str, zone: str) -> list[_Asked]:
    """What is asked, one after the other until there is an answer."""
    if not namespace or not asked.text:
        return [asked]
    try:
        return [
            asked._replace(name=from_text(one)) for one in candidates(asked.text, namespace, zone)
        ]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _first(
    tried: list[_Asked], server: Server | None, cluster: Cluster | None, timeout: float
) -> Report:
    """The first answer; if there is none, why the first name has none."""
    reports = []
    for asked in tried:
        if server is not None:
            report = _over_network(asked, server, timeout)
        if cluster is not None and (server is None or not report.is_answer):
            local = _in_process(asked, cluster)
            report = local if server is None else _compared(report, local, cluster.place)
        if report.is_answer or report.status in _NOBODY:
            return report
        reports.append(report)
    first = reports[0]
    is_short = "." not in tried[0].text or tried[0].text in first.near
    if len(tried) == 1 and tried[0].text and is_short:
        alone = f"no search list is tried for '{tried[0].text}' without -n NAMESPACE"
        return replace(first, next=alone)
    return first


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


def _in_process(asked: _Asked, cluster: Cluster) -> Report:
    from svcdns.app import inprocess  # noqa: PLC0415 - as above
    from svcdns.app.start_error import StartError  # noqa: PLC0415

    try:
        reply = inprocess.ask(_message(asked), known=cluster.known, corefile=cluster.corefile)
    except (CorefileError, StartError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"cannot read '{error.filename}': {error.strerror}", err=True)
        if error.filename == cluster.corefile:
            typer.echo("  next  name a Corefile: --corefile FILE; or leave it out", err=True)
        raise typer.Exit(1) from None
    report = _report(asked, reply.response, f"from {cluster.place}", reply.seconds, "")
    return report if report.is_answer else replace(report, near=reply.near)


def _compared(remote: Report, local: Report, place: str) -> Report:
    """The server's negative answer with what the cluster says about the same question."""
    if local.is_answer:
        return replace(remote, next=f"{place} has this name: the server knows other objects")
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
