"""whoami - tell the client its own address, port and transport.

Every query is answered: the answer section stays empty, the additional section has the
client's address at the name that was asked for and its port as SRV below it.
"""

from svcdns.answers.answer import Answer
from svcdns.corefile.arguments import Arguments
from svcdns.route.directive import Directive, Scope
from svcdns.route.stages import Client, Steps
from svcdns.wire.codes import RRType
from svcdns.wire.name import ROOT, OwnerName, from_labels, labels, pack_address
from svcdns.wire.question import Query
from svcdns.wire.rrset import RRset, addresses, srv_record


def parse(arguments: Arguments) -> None:
    """Read `whoami`, which takes no words."""
    for _ in arguments:
        pass


def answer(query: Query, client: Client) -> Answer:
    """Return who asks; NOERROR whatever is asked."""
    owner = query.question.owner
    records = [addresses(owner, 0, (pack_address(client.address),))]
    service = _below(b"_tcp" if client.stream else b"_udp", owner)
    if service is not None:
        records.append(RRset(service, RRType.SRV, 0, (srv_record(0, 0, client.port, ROOT),)))
    return Answer(additional=tuple(records), written_by="whoami")


def _below(label: bytes, owner: OwnerName) -> OwnerName | None:
    """Return `label` in front of `owner`; None where that makes the name too long."""
    try:
        return from_labels((label, *labels(owner)))
    except ValueError:
        return None


def build(_settings: None, _scope: Scope) -> Steps:
    """Return the step that answers everything."""
    return Steps(answer=answer)


DIRECTIVE = Directive("whoami", parse, build)
