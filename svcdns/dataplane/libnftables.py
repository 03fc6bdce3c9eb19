"""nftables scripts run through libnftables, or through the nft program where it is missing.

The library is called through ctypes, so nothing but Debian's libnftables1 has to be installed.
Each script gets a context of its own: a context keeps what it has read of the kernel, and that
may be old when the next script comes.

It blocks: use it in `dataplane.worker`'s thread. Source: libnftables(3), nft(8).
"""

import ctypes
import errno
import os
import shutil
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from svcdns.dataplane import netlink_wire as wire
from svcdns.dataplane import nftables_messages as messages
from svcdns.dataplane.backend import DataplaneError
from svcdns.dataplane.netlink import NetlinkSocket, Request
from svcdns.dataplane.nftables_listing import Contents

LIBRARY, PROGRAM = "libnftables.so.1", "nft"
# Where a service's PATH may not lead.
_FOLDERS = "/usr/sbin:/sbin:/usr/local/sbin"
_REMEDY = "apt-get install libnftables1 (or nftables, which brings the program nft)"
_NEEDED = (
    "nftables 1.0.6 or newer is needed, and of the kernel: "
    "modprobe -a nf_tables nft_nat nft_masq nft_numgen nft_hash nft_fib_ipv4 nft_reject_ipv4"
)
_NETFILTER, _NFTABLES, _GET_GENERATION, _GENERATION_ID = 12, 10, 16, 1
_FAMILY_VERSION_RESOURCE = struct.pack("!BBH", 0, 0, 0)


class ScriptError(Exception):
    """A script was refused, and nothing of it is done; the text is nftables's own."""

    @property
    def is_denied(self) -> bool:
        """Return whether the right is missing, not the script wrong."""
        return "Operation not permitted" in str(self)


class ScriptRunner(Protocol):
    """What runs nftables scripts."""

    def run(self, script: str) -> str:
        """Run a script as one transaction; return what its list commands print.

        Raises:
            ScriptError: refused; nothing of it is done.
        """
        ...

    def generation(self) -> int | None:
        """Return the number of the kernel's rule set, see `generation`."""
        ...

    def contents(self, width: int, table: str) -> Contents | None:
        """Return what is in a table, see `contents`."""
        ...


def find_runner(
    *, library: str = LIBRARY, program: str = PROGRAM, folders: str = _FOLDERS
) -> ScriptRunner:
    """Return the library, else the program.

    Args:
        library: its file name, looked for where the system looks.
        program: its name.
        folders: where to look for it besides PATH.

    Raises:
        DataplaneError: neither is installed; names the packages.
    """
    try:
        return _Library(ctypes.CDLL(library))
    except OSError:
        found = shutil.which(program) or shutil.which(program, path=folders)
    if found is None:
        raise DataplaneError(
            "look for nftables", f"neither {library} nor the program {program} is here", _REMEDY
        )
    return _Program(found)


def explained(operation: str, error: ScriptError) -> DataplaneError:
    """Return the error for a script that should have worked."""
    if error.is_denied:
        return DataplaneError(operation, str(error), "add the capability NET_ADMIN")
    return DataplaneError(operation, str(error), _NEEDED)


def generation() -> int | None:
    """Return the number of the kernel's rule set, which every transaction counts up by one.

    Whoever made it: as long as it is the same nobody has changed a rule, a set or a map. None
    where the kernel does not say.
    """
    try:
        with NetlinkSocket(_NETFILTER) as sock:
            kind = _NFTABLES << 8 | _GET_GENERATION
            answer = sock.ask(Request(kind, _FAMILY_VERSION_RESOURCE))
    except OSError:
        return None
    found = dict(wire.attributes(answer[len(_FAMILY_VERSION_RESOURCE) :]))
    return int.from_bytes(found[_GENERATION_ID]) if _GENERATION_ID in found else None


def contents(width: int, table: str) -> Contents | None:
    """Return what is in a table, read from the kernel itself; None if there is no such table.

    Elements are read when they are asked for. Whether all of it is of one moment, the
    generation tells.

    Raises:
        ScriptError: the kernel does not say.
    """

    def dumped(kind: int, container: str = "") -> list[bytes]:
        try:
            with NetlinkSocket(_NETFILTER) as sock:
                return sock.dump(messages.request(kind, width, table, container))
        except OSError as error:
            raise ScriptError(os.strerror(error.errno or errno.EIO)) from error

    try:
        with NetlinkSocket(_NETFILTER) as sock:
            sock.ask(messages.request(messages.GET_TABLE, width, table))
    except OSError as error:
        if error.errno == errno.ENOENT:
            return None
        raise ScriptError(os.strerror(error.errno or errno.EIO)) from error
    names = {
        kind: Counter(messages.name_in(kind, table, one) for one in dumped(kind))
        for kind in (messages.GET_CHAIN, messages.GET_RULE, messages.GET_SET)
    }
    rules = names[messages.GET_RULE]

    def elements(name: str) -> Iterator[messages.Element]:
        for payload in dumped(messages.GET_ELEMENTS, name):
            yield from messages.elements_in(payload)

    return Contents(
        {name: rules[name] for name in names[messages.GET_CHAIN] if name},
        frozenset(filter(None, names[messages.GET_SET])),
        elements,
    )


class _Kernel:
    def generation(self) -> int | None:
        return generation()

    def contents(self, width: int, table: str) -> Contents | None:
        return contents(width, table)


class _Library(_Kernel):
    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        pointer, text = ctypes.c_void_p, ctypes.c_char_p
        library.nft_ctx_new.restype = pointer
        library.nft_ctx_new.argtypes = [ctypes.c_uint32]
        library.nft_run_cmd_from_buffer.argtypes = [pointer, text]
        for name in ("nft_ctx_free", "nft_ctx_buffer_output", "nft_ctx_buffer_error"):
            getattr(library, name).argtypes = [pointer]
        for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
            getattr(library, name).argtypes = [pointer]
            getattr(library, name).restype = text

    def run(self, script: str) -> str:
        context = self._library.nft_ctx_new(0)
        if not context:
            raise ScriptError(errno.errorcode[errno.ENOMEM])
        try:
            self._library.nft_ctx_buffer_output(context)
            self._library.nft_ctx_buffer_error(context)
            if self._library.nft_run_cmd_from_buffer(context, script.encode()):
                said: bytes = self._library.nft_ctx_get_error_buffer(context) or b""
                raise ScriptError(_first_error(said.decode(errors="replace")))
            printed: bytes = self._library.nft_ctx_get_output_buffer(context) or b""
            return printed.decode(errors="replace")
        finally:
            self._library.nft_ctx_free(context)


class _Program(_Kernel):
    def __init__(self, path: str) -> None:
        self._path = path

    def run(self, script: str) -> str:
        done = subprocess.run(  # noqa: S603 - a path that was looked for
            [self._path, "-f", "-"], input=script, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ScriptError(_first_error(done.stderr))
        return done.stdout


def _first_error(said: str) -> str:
    # "internal:1:5-9: Error: Could not ...", then the line and marks below it.
    lines = [line for line in said.splitlines() if line.strip()]
    if not lines:
        return "refused without a word"
    first = lines[0].partition("Error: ")[2] or lines[0]
    return f"{first} ({lines[1].strip()[:200]})" if len(lines) > 1 else first
