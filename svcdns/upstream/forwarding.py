"""What one `forward` stanza says, as a value: the defaults are CoreDNS's."""

from dataclasses import dataclass, field

from svcdns.upstream.asked import Asked
from svcdns.upstream.endpoint import Endpoint
from svcdns.upstream.health import Checks
from svcdns.upstream.policy import Policy
from svcdns.upstream.server import Habits
from svcdns.upstream.stream import Keeping
from svcdns.upstream.targets import Target
from svcdns.upstream.tls import TlsFiles
from svcdns.wire.codes import RRType
from svcdns.wire.name import ROOT, OwnerName, is_within
from svcdns.wire.question import Question


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What one stanza says."""

    origin: OwnerName = ROOT
    """Names at and below are forwarded; in lower case."""
    excepted: tuple[OwnerName, ...] = ()
    """But not those at and below these, `origin` itself aside."""
    targets: tuple[Target, ...] = ()
    policy: Policy = Policy.RANDOM
    checks: Checks = field(default_factory=Checks)
    check: Asked = field(default_factory=lambda: Asked.of(Question.of(ROOT, RRType.NS)))
    """What is asked to see whether an upstream is well."""
    keeping: Keeping = field(default_factory=Keeping)
    habits: Habits = field(default_factory=Habits)
    tls: TlsFiles = field(default_factory=TlsFiles)
    tls_at: str = ""
    """Where they are named: `Corefile:7:9`; where none are, the stanza."""
    tls_server_name: str = ""
    """Whom the certificates of all upstreams have to be of; empty: each address."""
    doh_method: str = "POST"
    """How HTTPS upstreams are asked: POST or GET."""
    most_concurrent: int = 0
    """Questions at once; 0: any number."""
    most_tries: int | None = None
    """Failed tries for one question; 0: any number; None: `TRIES` for each upstream."""
    next_rcodes: frozenset[int] = frozenset()
    """Answers on which the next stanza is asked."""
    next_on_nodata: bool = False
    failover: frozenset[int] = frozenset()
    """Answers on which the next upstream is asked."""
    failfast: bool = False
    """Fail at once while all upstreams are down."""
    resolvers: tuple[Endpoint, ...] = ()
    """Who looks up the names of upstreams; nobody: the system."""
    hedge: bool = False
    """Ask a second upstream when the first takes longer than it usually does."""

    @property
    def may_go_on(self) -> bool:
        """Whether another stanza may be asked after this one."""
        return self.next_on_nodata or bool(self.next_rcodes)

    def takes(self, owner: OwnerName) -> bool:
        """Whether a name is to be forwarded."""
        if not is_within(owner, self.origin):
            return False
        return owner == self.origin or not any(is_within(owner, name) for name in self.excepted)
