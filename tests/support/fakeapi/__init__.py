"""A fake kube-apiserver that keeps to the protocol, and breaks it in every way that one does.

- `api` FakeApi: the whole of it for a test; begin there
- `objects` documents to put into it
- `faults` what can go wrong, by name, by chance or to order
- `recorder` holds what a client was shown against what the server had
- `tls` a server's side of TLS

Inside, from the objects outwards:

- `collections` the kinds, their paths and fields · `store` objects, versions, history · `pulse`
- `requests` parameters · `refusals` error responses · `lists`, `watches` what is answered
- `spoiling`, `bodies` octets, piece by piece, and what faults do to them · `calls` one request
- `answering` users, permissions, which answer · `memory`, `http` the two ways in

It is held to the real one by tests/contract/test_api_server.py.
"""

from tests.support.fakeapi.answering import User
from tests.support.fakeapi.api import FakeApi
from tests.support.fakeapi.faults import CHAOS, Fault
from tests.support.fakeapi.recorder import Recorder, most_in_a_minute

__all__ = ["CHAOS", "FakeApi", "Fault", "Recorder", "User", "most_in_a_minute"]
