"""Who we are to the API server and whom we trust, as it stands now and not as it was at start.

Certificates, authorities and the kubeconfig are read again once one of their files changed,
before the next request; what cannot be read then leaves everything as it was. Running watches
keep what they began with: they are told apart by the certificates they use, and end by
themselves.
"""

import asyncio
from typing import NamedTuple

from svcdns.source.apiserver.access import Access
from svcdns.source.apiserver.certificates import ClientCertificate, signature
from svcdns.source.apiserver.credentials import credential_of
from svcdns.source.apiserver.destination import Destination, read_destination
from svcdns.source.apiserver.lost import unauthorized
from svcdns.source.apiserver.protocol import LostError


class Papers(NamedTuple):
    """What one request is made with."""

    destination: Destination
    certificate: ClientCertificate | None
    authorization: str
    """Value of that header, empty for none."""

    @property
    def say_who(self) -> bool:
        """Whether a request with them is not an anonymous one."""
        return bool(self.authorization or self.certificate)


class Identity:
    """The papers of now; several requests may ask for them at once."""

    def __init__(self, access: Access) -> None:
        """Read everything but the token.

        Raises:
            LostError: a file is missing or wrong.
        """
        self._access = access
        self.destination = read_destination(access)
        self._signature = signature(self.destination.files)
        self._credential = credential_of(self.destination.credential)
        self._refused: Papers | None = None
        self._how = ""
        self._why: LostError | None = None
        """Why there are no others than those; told once."""
        self._lock = asyncio.Lock()

    async def papers(self) -> Papers:
        """Return what the next request is to be made with; renew what is due.

        Raises:
            LostError: there is no credential to be had, or there was no other than the refused
                one when there should have been; that is told once, for it may be accepted yet.
        """
        async with self._lock:
            if self._why:
                why, self._why = self._why, None
                raise why
            return await self._papers()

    def refuse(self, papers: Papers, *, how: str = "401") -> None:
        """Remember that the server did not accept them.

        Args:
            papers: of the request.
            how: the status it said that with.
        """
        self._refused, self._how = papers, how

    async def renew(self, url: str) -> None:
        """Get other papers than those that `url` refused, unless they are others by now."""
        async with self._lock:
            try:
                papers = await self._papers()
                if papers == self._refused:
                    await self._credential.renew()
                    papers = await self._papers()
            except LostError as error:
                self._why = error
            else:
                is_refused = papers == self._refused
                self._why = unauthorized(url, papers.destination, self._how) if is_refused else None

    async def _papers(self) -> Papers:
        self._read_again()
        authorization = await self._credential.authorization()
        certificate = self._credential.certificate or self.destination.certificate
        return Papers(self.destination, certificate, authorization)

    def _read_again(self) -> None:
        seen = signature(self.destination.files)
        if seen == self._signature:
            return
        try:
            destination = read_destination(self._access)
        except LostError:  # perhaps half written: the next request looks again
            return
        # A change between the two looks at the files is seen the next time.
        same = destination.files == self.destination.files
        self._signature = seen if same else signature(destination.files)
        if destination.credential != self.destination.credential:
            self._credential = credential_of(destination.credential)
        if destination != self.destination:
            self.destination = destination
