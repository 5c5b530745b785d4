"""A house whose messages go to a messenger in memory, with a clock that a test moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from projectionist.db.engine import Database
from projectionist.errors import InputWrong, ProjectionistError, ServerUnreachable
from projectionist.features.accounts import service as accounts
from projectionist.features.alerts.service import MessengerWish, Workplace, save_messenger
from projectionist.integrations.messengers import push_crypto
from projectionist.jobs.ports import Node
from projectionist.kit.secrets import Vault
from projectionist.media.messages import Message, MessengerAddress, MessengerKind
from projectionist.media.pushing import HouseKey, PushSubscription
from tests.features.operations.fake_jobs import FakeJobs

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ADDRESS = "https://ntfy.example.org/canary-of-the-topic-52c9"


@dataclass
class Working(FakeJobs):
    """Jobs of these queues that somebody does, while there is any."""

    done: tuple[str, ...] = ("sync", "alerts")

    def nodes(self) -> list[Node]:
        return [Node("one", "one", self.done, bool(self.done), 0, "1", NOON, NOON)]


@dataclass
class Outside:
    """What was sent, and to where; `is_away` answers nothing."""

    sent: list[tuple[str, Message]] = field(default_factory=list)
    beats: list[str] = field(default_factory=list)
    is_away: bool = False
    trouble: ProjectionistError | None = None

    def __call__(self, address: MessengerAddress) -> _Post:
        return _Post(self, address.address)


@dataclass
class _Post:
    outside: Outside
    address: str

    def send(self, message: Message) -> None:
        self._reach()
        self.outside.sent.append((self.address, message))

    def beat(self) -> None:
        self._reach()
        self.outside.beats.append(self.address)

    def close(self) -> None:
        """Nothing is open."""

    def _reach(self) -> None:
        if self.outside.trouble is not None:
            raise self.outside.trouble
        if self.outside.is_away:
            raise ServerUnreachable("ntfy at https://ntfy.example.org did not answer.")


@dataclass
class Browsers:
    """Push services that carry messages to browsers; `outside` hears of each as sent to its endpoint."""

    outside: Outside
    contacts: list[str] = field(default_factory=list)

    def new_key(self) -> HouseKey:
        return push_crypto.new_key()

    def connect(self, subscription: PushSubscription, key: HouseKey, contact: str) -> _Post:
        if not subscription.endpoint.startswith("https://"):
            raise InputWrong("The browser named no address of a push service.", "endpoint")
        self.contacts.append(contact)
        return _Post(self.outside, subscription.endpoint)


def subscription(name: str) -> PushSubscription:
    """What a browser would give; its keys serve nobody here."""
    return PushSubscription(f"https://push.example.org/send/{name}", "B" * 87, "A" * 22)


class House:
    """The place, who is outside, and the administrator."""

    def __init__(self, database: Database) -> None:
        self.moment = NOON
        self.outside = Outside()
        self.jobs = Working()
        self.told: list[str] = []
        self.place = Workplace(
            database,
            self.jobs,
            Vault(bytes(32)),
            self.outside,
            lambda: self.moment,
            self.told.append,
            Browsers(self.outside),
        )
        accounts.found(database, "ada", "Canary-of-the-password-81f3", now=lambda: NOON)
        self.user_id = 1

    def forward(self, **span: float) -> None:
        self.moment += timedelta(**span)

    def messenger(self, name: str = "Phone", **more: object) -> int:
        wish = MessengerWish(name, MessengerKind.NTFY, ADDRESS, **more)  # type: ignore[arg-type]
        return save_messenger(self.place, self.user_id, wish).id
