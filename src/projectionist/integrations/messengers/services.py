"""Messages by the Apprise library, which speaks to more than a hundred services, each by addresses of its own.

They are documented at https://github.com/caronc/apprise/wiki. The library makes its own connections, each under our
guard: it follows no redirect here, checks certificates, reads no file that an address names, and does nothing on this
machine itself.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyType

from projectionist.errors import AddressRefused, InputWrong, ServerFailed, ServerRefused
from projectionist.kit.calls import timed_call
from projectionist.kit.guarded import guarded
from projectionist.kit.logs import MASKED, mask, masked
from projectionist.kit.outbound import OUTBOUND, Outbound
from projectionist.media.messages import Level, Message, MessengerAddress

_LOCAL: Final = frozenset(
    {"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"}
)
"""Services that are this machine itself."""
_THREADS: Final = frozenset({"growl", "mqtt", "mqtts", "smpp", "smpps", "xmpp", "xmpps"})
"""Services that connect in threads of their own, out of sight of the guard; they take packages that are not ours."""
_UNLOOKED: Final = frozenset({"rsyslog"})
"""Services that leave it to the system to look a name up, after the guard."""
_FILES: Final = frozenset({"keyfile", "pgppub", "pgpprv", "subfile", "template"})
"""Parts of addresses by which some services are told to read a file, here or anywhere, and to send what is in it."""
_OVERRIDES: Final = frozenset({"cto", "redirect", "retry", "rto", "verify", "wait"})
"""Parts by which an address would change how long one waits for it and whom one trusts."""
_TIMES_S: Final = (5.0, 10.0)
"""For a connection, and for what is read next."""
_SHORTEST_SECRET: Final = 6
_LONG: Final = 12
_HOST: Final = re.compile(r"[\w-]+(\.[\w-]+)+")
"""What is no secret in a log, and shorter parts are in too many lines that have nothing to do with it."""
_LONGEST_ADDRESS: Final = 2000
_LONGEST_REASON: Final = 300
_TYPES: Final = {
    Level.GOOD: NotifyType.SUCCESS,
    Level.INFO: NotifyType.INFO,
    Level.WARN: NotifyType.WARNING,
    Level.BAD: NotifyType.FAILURE,
}
_ASSET: Final = AppriseAsset(
    app_id="Projectionist",
    app_desc="Projectionist",
    async_mode=False,
    http_redirects=False,
    secure_logging=True,
    storage_mode="memory",
)
_log = logging.getLogger("apprise")
_log.propagate = False  # it names addresses; what it says of a failure is in the error, without them
for _name in ("apprise", "urllib3", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # below, a line for every call has the address in it


class AppriseMessenger:
    """Sends messages to an address of the Apprise library. Raises InputWrong where it can be none."""

    def __init__(self, address: MessengerAddress, *, outbound: Outbound = OUTBOUND) -> None:
        self._secrets = _secrets_of(address.address)
        self._service = _service_of(address.address)
        self._outbound = outbound
        _judge(self._service, outbound)
        for secret in self._secrets:
            if len(secret) >= _LONG and not _HOST.fullmatch(secret):
                mask(secret)
        self._name = f"{self._service.service_name} (by Apprise)"

    def send(self, message: Message) -> None:
        """Send a message. Raises AddressRefused; else ServerFailed, as the library does not tell apart why."""
        with timed_call(self._name), _heard() as lines:
            with guarded(self._outbound) as guard:
                taken = self._service.notify(
                    body=message.text, title=message.title, notify_type=_TYPES[message.level]
                )
            if not taken and guard.refused is not None:
                raise AddressRefused(f"{self._name}: {self._plain(guard.refused.message)}")
            if not taken:
                raise ServerFailed(
                    f"{self._name} did not take the message{self._why(lines)}; try again in a while."
                )

    def beat(self) -> None:
        """No such service expects to be asked for. Raises ServerRefused."""
        raise ServerRefused(f"{self._name} expects no heartbeat; give an address that begins with https://.")

    def close(self) -> None:
        """Nothing stays open."""

    def _why(self, lines: list[str]) -> str:
        said = self._plain(" ".join(" ".join(lines).split()))[:_LONGEST_REASON].rstrip(" .")
        return f" ({said})" if said else ""

    def _plain(self, said: str) -> str:
        for secret in self._secrets:
            said = said.replace(secret, MASKED)
        return masked(said)


def _service_of(address: str) -> NotifyBase:
    """The service of an address, set up as it may be here. Raises InputWrong."""
    text = address.strip()
    scheme, asked = _parts(text)
    if scheme in _LOCAL:
        raise InputWrong(
            "This address leads to the machine itself and not out of it; choose another.", "address"
        )
    if scheme in _THREADS:
        raise InputWrong(f"Messages by {scheme}:// are not sent from here; choose another way.", "address")
    if named := sorted(asked & (_FILES | _OVERRIDES)):
        raise InputWrong(f"The address may not say {named[0]}=; leave it out.", "address")
    found = Apprise.instantiate(text, asset=_ASSET) if len(text) <= _LONGEST_ADDRESS else None
    if not isinstance(found, NotifyBase) or not found.enabled:
        raise InputWrong(
            "Apprise knows no such address, or lacks what it takes for it. Its wiki shows how each looks, "
            "as tgram://token/chat does for Telegram.",
            "address",
        )
    found.socket_connect_timeout, found.socket_read_timeout = _TIMES_S
    return found


def _judge(service: NotifyBase, outbound: Outbound) -> None:
    """Raise InputWrong where an address leads where nothing may be sent, in digits or by a name.

    Only of services that have a host is it looked up: with others a token stands there. A name that cannot be looked up
    now is judged when a message is sent, as every connection is.
    """
    host, port = (service.host or "").strip("[]"), service.port or (443 if service.secure else 80)
    try:
        ip_address(host)
    except ValueError:
        templates: tuple[str, ...] = service.templates
        if not any("{host}" in template for template in templates):
            return
        if service.schema in _UNLOOKED:
            raise InputWrong(
                "Give the address of this server in digits, such as 192.168.1.10.", "address"
            ) from None
    try:
        with suppress(OSError):
            outbound.addresses(host, port)
    except AddressRefused as error:
        raise InputWrong(error.message, "address") from None


def _parts(text: str) -> tuple[str, set[str]]:
    """The scheme of an address, and the names of what is asked of it. Raises InputWrong."""
    try:
        parts = urlsplit(text)
        asked = {name.lstrip("+-:").lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        raise InputWrong(
            "An address looks like tgram://token/chat, as the wiki of Apprise shows it.", "address"
        ) from None
    return parts.scheme.lower(), asked


def _secrets_of(address: str) -> list[str]:
    """Every part of an address that may be its secret, the longest first; its scheme is none."""
    rest = address.strip().partition("://")[2]
    found = {part for text in (rest, unquote(rest)) for part in (text, *re.split(r"[/:@?&=,;]+", text))}
    return sorted((part for part in found if len(part) >= _SHORTEST_SECRET), key=len, reverse=True)


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What the library warns of in this thread meanwhile."""
    lines: list[str] = []
    mine = threading.get_ident()

    class Hearing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == mine:
                lines.append(record.getMessage())

    handler = Hearing(logging.WARNING)
    _log.addHandler(handler)
    try:
        yield lines
    finally:
        _log.removeHandler(handler)
