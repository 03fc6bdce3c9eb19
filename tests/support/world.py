"""The seam between scenarios and what they test: a Corefile, a cluster, questions.

`World.ask` is all that a scenario needs of the server. It goes through the step that the
`kubernetes` directive of the Corefile is built into, and reads the whole message that comes of
it.
"""

from collections.abc import Iterable

from svcdns.answers.answer import Answer
from svcdns.answers.settings import KubernetesSettings
from svcdns.cluster.change import WatchEvent
from svcdns.cluster.state import State
from svcdns.corefile.parser import parse
from svcdns.plugins import DIRECTIVES, UNSUPPORTED
from svcdns.plugins.kubernetes import DIRECTIVE
from svcdns.route.compile import read
from svcdns.route.directive import Asking
from svcdns.route.offers import Offers
from svcdns.telemetry.metrics import Metrics
from svcdns.wire.name import from_text, pack_address
from svcdns.wire.question import Question
from svcdns.wire.rrset import RRset, addresses
from tests.support.replies import Reply, ask_step


class World:
    """One server block and a cluster; synced, but empty."""

    def __init__(self, corefile: str, *, local: Iterable[str] = ()) -> None:
        parsed = parse(
            corefile, "Corefile", read=lambda path: path, glob=lambda path: [path], env={}
        )
        (plan,) = read(parsed, DIRECTIVES, UNSUPPORTED)
        (settings,) = [one for directive, one in plan.settings if directive is DIRECTIVE]
        self.state = State()
        self.state.synced = True
        self._elsewhere: dict[Question, RRset] = {}
        self._now = 0
        scope = _Scope(self.state, tuple(map(pack_address, local)), self._elsewhere)
        step = DIRECTIVE.build(settings, scope).answer
        assert step is not None
        self._step = step

    def ask(self, name: str, rrtype: str) -> Reply | None:
        """Return what the server answers; None: it passes the question on."""
        return ask_step(self._step, name, rrtype)

    def apply(self, events: Iterable[WatchEvent]) -> None:
        """Let objects come, change or go."""
        self._now += 1
        self.state.apply(events, self._now)

    def publish_elsewhere(self, name: str, address: str) -> None:
        """Let other servers know an address of `name`."""
        rrset = addresses(from_text(name), 300, (pack_address(address),))
        self._elsewhere[Question.of(rrset.owner, rrset.rrtype)] = rrset


class _Scope:
    """What the directive is built in."""

    zones = ("cluster.local.",)
    server = "dns://:53"
    root = ""
    asking = Asking()

    def __init__(
        self, state: State, local_addresses: tuple[bytes, ...], elsewhere: dict[Question, RRset]
    ) -> None:
        self.local_addresses = local_addresses
        self.offers = Offers()
        self.metrics = Metrics()
        self._state = state
        self._elsewhere = elsewhere

    def cluster(self, settings: KubernetesSettings) -> State:
        selectors = (settings.labels, settings.namespace_labels)
        assert selectors == ("", ""), "selectors are for whoever feeds the state"
        return self._state

    def ask(self, question: Question) -> Answer | None:
        found = self._elsewhere.get(question)
        return None if found is None else Answer(answer=(found,), authoritative=False)

    def forget(self) -> None:
        raise AssertionError("there is nothing to forget")

    def log(self, line: str) -> None:
        raise AssertionError(line)
