"""What a request shows of who asks: a password or a token, hidden until it is sent."""

import base64
from dataclasses import dataclass
from typing import Protocol

import httpx

from tui import __version__


class SecretLike(Protocol):
    """A password that shows itself only when asked to."""

    def reveal(self) -> str:
        """Give the password."""


class HiddenText:
    """A text that no repr shows: a token, or anything else that holds what nobody may see."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give it; for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True, eq=False)
class Authorization:
    """An Authorization header: its scheme, and what follows."""

    scheme: str
    secret: HiddenText

    @property
    def is_password(self) -> bool:
        """Whether it holds the password, of which five wrong ones lock the user."""
        return self.scheme == "Basic"

    def header(self) -> str:
        """Give the header's value."""
        return f"{self.scheme} {self.secret.reveal()}"


NO_AUTHORIZATION = Authorization("", HiddenText(""))
"""No Authorization at all: the client's certificate says who asks."""


def basic_authorization(username: str, password: SecretLike) -> Authorization:
    """Make the ticket that holds the password."""
    pair = f"{username}:{password.reveal()}".encode("utf-8", "surrogatepass")
    return Authorization("Basic", HiddenText(base64.b64encode(pair).decode("ascii")))


def request_headers(ticket: Authorization | None) -> httpx.Headers:
    """Make a request's headers; their repr hides what the ticket holds, and nobody keeps them."""
    made = httpx.Headers(
        {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"rsdeck/{__version__}",
        }
    )
    if ticket is not None and ticket.scheme:
        made["Authorization"] = ticket.header()
    return made
