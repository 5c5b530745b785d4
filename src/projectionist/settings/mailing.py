"""Text into what mail needs: addresses, a sender, a server's name. Readers raise ValueError with what it should be.

Only what every mail server takes is taken: letters without accents, no quotes, no comments, no line ends. So nothing
that was read here can end a header, or begin another.
"""

from __future__ import annotations

import re

LONGEST_ADDRESS = 254
"""What fits between the angle brackets of SMTP."""
_LONGEST_LOCAL = 64

_WORD = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_WORD}(?:\.{_WORD})*)@({_LABEL}(?:\.{_LABEL})+)", re.ASCII)
_SENDER = re.compile(r"([A-Za-z0-9 ._'-]{0,60})<([^<>]+)>", re.ASCII)
_SERVER = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?|[0-9A-Fa-f:.]{{2,45}}", re.ASCII)


def mail_address(value: str) -> str:
    """An e-mail address such as ada@example.org, its domain in small letters."""
    found = _ADDRESS.fullmatch(value) if len(value) <= LONGEST_ADDRESS else None
    # `=?` begins an encoded word, which Python's own library would decode into whatever it holds, line ends too
    if found is None or len(found[1]) > _LONGEST_LOCAL or "=?" in value:
        raise ValueError("an e-mail address such as ada@example.org, in letters without accents")
    return f"{found[1]}@{found[2].lower()}"


def sender(value: str) -> str:
    """An e-mail address, or a name and an address: `Projectionist <films@example.org>`."""
    named = _SENDER.fullmatch(value)
    try:
        address = mail_address(named[2].strip() if named else value)
    except ValueError:
        raise ValueError(
            "an address such as films@example.org, or a name and an address such as Films <films@example.org>"
        ) from None
    name = named[1].strip() if named else ""
    return f"{name} <{address}>" if name else address


def parted(value: str) -> tuple[str, str]:
    """The name, empty where there is none, and the address of what `sender` gave."""
    name, _, address = value.rpartition("<")
    return name.strip(), address.rstrip(">")


def server_name(value: str) -> str:
    """The name or the address in digits of a mail server."""
    bare = value.removeprefix("[").removesuffix("]")
    if len(bare) > 253 or not _SERVER.fullmatch(bare):
        raise ValueError("the name of a mail server, such as mail.example.org")
    return bare
