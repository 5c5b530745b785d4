"""A secret of each kind, planted in a house, and the ways by which it comes in: a new kind has to be planted here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy.engine import make_url

import projectionist
from projectionist.features.accounts.second_factor import totp
from projectionist.features.alerts import pushed
from projectionist.features.cache.wanting.lists.records import KEYED
from projectionist.integrations.lists.connecting import list_connector
from projectionist.integrations.messengers.pushing import WebPush
from projectionist.kit.outbound import Outbound
from projectionist.media.messages import MessengerKind
from tests.api.house import PASSWORD, TOKEN, Open, opened, token_of
from tests.integrations.oidc_provider import CLIENT, Provider
from tests.integrations.push_service import SECRET, Browser, PushService
from tests.kit.loopback import Loopback, Reply, says

Client = TestClient[Litestar]

SETTINGS: Mapping[str, tuple[str, str]] = {
    "backup_passphrase": ("", "canary-of-the-backup-passphrase-77c0"),
    "database_url": ("password of", "canary-of-the-database-password-18fa"),
    "error_reports": ("http://{}@127.0.0.1:9/1", "canary-of-the-reports-key-a04b"),
    "mail_password": ("", "canary-of-the-mail-password-5b1d"),
    "oidc_client_secret": ("", "canary-of-the-client-secret"),
    "otlp_headers": ("Authorization=Bearer {}", "canary-of-the-collector-token-d6e9"),
    "plex_token": ("", "canary-of-the-first-server-c2f7"),
    "secret_key": ("", "canary-of-the-secret-key-31b9-Zx8"),
}
"""Every setting that is a secret: how its value is written where it is more than the secret, and the canary."""

BESIDES = {
    "plex_url": "http://127.0.0.1:32400",
    "mail_host": "mail.example.org",
    "mail_from": "Projectionist <films@example.org>",
    "mail_user": "films@example.org",
    "base_url": "http://127.0.0.1:8480",
    "oidc_client_id": CLIENT,
}
"""What those settings need besides."""

LIST_KEY = "canary-of-the-key-of-{}-5d2a"
MESSENGER = "canary-of-the-messenger-{}-52c9"
HEARTBEAT = "canary-of-the-heartbeat-9e40"

SEALED_BY = {
    "features/accounts/second_factor/service.py": {("second_factor", "secret")},
    "features/accounts/ways/oidc.py": {("handshake", "sealed")},
    "features/accounts/ways/plex.py": {("handshake", "sealed")},
    "features/alerts/announcing.py": {("heartbeat", "address")},
    "features/alerts/pushed.py": {("messenger", "address"), ("push_key", "private_key")},
    "features/alerts/service.py": {("messenger", "address")},
    "features/cache/wanting/lists/keeping.py": {("cache_list_key", "key")},
    "features/servers/service.py": {("server", "token")},
}
"""What the modules of the program that seal something keep, table and column; each is planted below."""

NO_SECRETS = {"features/backups/archive.py", "features/operations/rotating.py"}
"""Modules that seal what others keep: whole backups, and what lies sealed already."""


def sealing_modules() -> set[str]:
    """Every module of the program that seals anything."""
    root = Path(projectionist.__file__).parent
    texts = {path: path.read_text(encoding="utf-8") for path in root.rglob("*.py")}
    return {path.relative_to(root).as_posix() for path, text in texts.items() if re.search(r"\.seal\(", text)}


def settings_with(database_url: str) -> tuple[dict[str, str], dict[str, str]]:
    """The settings with a canary in each that is secret, and the canaries; SQLite has no password."""
    given, canaries = dict(BESIDES), {}
    for name, (form, canary) in SETTINGS.items():
        if name != "database_url":
            given[name] = form.format(canary) if form else canary
        elif database_url.startswith("postgresql"):
            url = make_url(database_url).set(password=canary)
            given[name] = url.render_as_string(hide_password=False)
        else:
            given[name] = database_url
            continue
        canaries[f"the setting {name}"] = canary
    return given, canaries


@contextmanager
def planted(data: Path, database_url: str = "") -> Iterator[tuple[Open, dict[str, str]]]:
    """A house with a secret of each kind, and all of them; services that are told messages take none."""
    given, canaries = settings_with(database_url)
    lists = says(b'{"page":1,"results":[],"total_pages":1}')
    with (
        Loopback(says(b"[]")) as trakt,
        Loopback(lists) as tmdb,
        Loopback(_angry) as outside,
        Loopback(_angry) as hospital,
        PushService((500, {})) as push_service,
        Provider() as provider,
        opened(
            data,
            lists=list_connector(trakt_url=trakt.url, tmdb_url=tmdb.url),
            oidc_issuer=provider.url,
            **given,
        ) as house,
    ):
        _let_push_to(house, push_service)
        with house.visitor(signed_in=False) as client:
            canaries |= _begun_elsewhere(client, token_of(client))
        with house.visitor() as client:
            headers = token_of(client)
            canaries |= _list_keys(client, headers)
            canaries |= _messengers(client, headers, outside)
            canaries |= _heartbeat(client, headers, hospital)
            canaries |= _device(client, headers, house, push_service)
            canaries |= _shown_once(client, headers)
            canaries |= _second_step(client, headers, house)
        assert all(LIST_KEY.format(name) in one.heads[0] for name, one in (("trakt", trakt), ("tmdb", tmdb)))
        canaries |= {"the token of a server": TOKEN, "a password": PASSWORD, "a session": house.session}
        assert all(len(one) > 10 for one in canaries.values())
        yield house, canaries


def _angry(connection: Any, head: str) -> None:
    """Repeats what it was asked, which some services do in their errors."""
    reply: Reply = says(head.encode(), status="500 Internal Server Error", kind="text/plain")
    reply(connection, head)


def _list_keys(client: Client, headers: dict[str, str]) -> dict[str, str]:
    canaries = {service: LIST_KEY.format(service.value) for service in KEYED}
    for service, key in canaries.items():
        told = client.put(f"/api/v1/cache/list-keys/{service.value}", json={"key": key}, headers=headers)
        assert told.status_code < 300, told.text
    return {f"the key of {service.value}": key for service, key in canaries.items()}


def _messengers(client: Client, headers: dict[str, str], outside: Loopback) -> dict[str, str]:
    """A messenger of each kind, all of which were tried and took nothing."""
    canaries = {}
    for kind in MessengerKind:
        canary = MESSENGER.format(kind.value)
        address = f"http://127.0.0.1:{outside.port}/{canary}?token={canary}"
        if kind is MessengerKind.APPRISE:
            address = f"json://{canary}:{canary}@127.0.0.1:{outside.port}/{canary}?+token={canary}"
        wish = {"name": kind.value, "kind": kind.value, "address": address}
        made = client.post("/api/v1/me/messengers", json=wish, headers=headers)
        assert made.status_code < 300, made.text
        heard = len(outside.heads)
        tried = client.post(f"/api/v1/me/messengers/{made.json()['id']}/test", headers=headers)
        assert tried.status_code >= 500, tried.text
        assert canary in "".join(outside.heads[heard:]), "it was sent there, and not taken"
        canaries[f"a messenger, {kind.value}"] = canary
    return canaries


def _let_push_to(house: Open, push_service: PushService) -> None:
    """The house takes this machine for one that browsers may be reached by."""
    pushing = WebPush(Outbound(), house.house.clock.now, push_service.trust)
    house.house.alerts = replace(house.house.alerts, pushing=pushing)
    house.app = house.house.web()


def _device(
    client: Client, headers: dict[str, str], house: Open, push_service: PushService
) -> dict[str, str]:
    """A browser that was tried and whose push service took nothing, and the key of the house."""
    browser = Browser(push_service.url)
    made = client.post("/api/v1/me/devices", json=browser.sent, headers=headers)
    assert made.status_code < 300, made.text
    tried = client.post(f"/api/v1/me/devices/{made.json()['id']}/test", headers=headers)
    assert tried.status_code >= 500, tried.text
    assert SECRET in push_service.taken[0].path
    return {
        "the address of a browser": SECRET,
        "what encrypts for a browser": browser.sent["keys"]["auth"],
        "the key of the house": pushed.house_key(house.house.alerts).private,
    }


def _heartbeat(client: Client, headers: dict[str, str], hospital: Loopback) -> dict[str, str]:
    """The address that is told that the house lives; it was tried, and does not want to hear of it."""
    beat = {"every_s": 60, "address": f"http://127.0.0.1:{hospital.port}/{HEARTBEAT}"}
    kept = client.put("/api/v1/heartbeat", json=beat, headers=headers)
    assert kept.status_code < 300, kept.text
    assert HEARTBEAT in hospital.heads[-1]
    assert kept.json()["error"]
    return {"the address of a heartbeat": HEARTBEAT}


def _shown_once(client: Client, headers: dict[str, str]) -> dict[str, str]:
    """What is shown one time, to who made it."""
    program = {"name": "a program", "scopes": ["view"]}
    made = client.post("/api/v1/me/tokens", json=program, headers=headers)
    assert made.status_code < 300, made.text
    invited = client.post("/api/v1/invitations", json={"role": "user"}, headers=headers)
    assert invited.status_code < 300, invited.text
    link = client.post("/api/v1/users/1/password-link", headers=headers)
    assert link.status_code < 300, link.text
    hooks = [
        client.post("/api/v1/webhook-senders", json={"name": kind, "kind": kind}, headers=headers)
        for kind in ("sonarr", "plex")
    ]
    return {
        "the secret of a webhook": hooks[0].json()["secret"],
        "the secret in the address of a webhook": hooks[1].json()["secret"],
        "a token for a program": made.json()["shown"],
        "an invitation": invited.json()["link"].rpartition("token=")[2],
        "a link to a new password": link.json()["link"].rpartition("token=")[2],
    }


def _begun_elsewhere(client: Client, headers: dict[str, str]) -> dict[str, str]:
    """What ties a sign-in at a provider to the browser that began it, which is on its way there."""
    begun = client.post("/api/v1/sign-in/oidc", json={}, headers=headers)
    assert begun.status_code < 300, begun.text
    asked = parse_qs(urlsplit(begun.json()["link"]).query)
    cookies = {one.name: one.value or "" for one in client.cookies.jar if "csrf" not in one.name}
    assert cookies
    return {
        "the state of a sign-in elsewhere": asked["state"][0],
        "its nonce": asked["nonce"][0],
        **{f"the cookie {name}": value for name, value in cookies.items()},
    }


def _second_step(client: Client, headers: dict[str, str], house: Open) -> dict[str, str]:
    """The secret of an authenticator app, and the recovery codes."""
    begun = client.post("/api/v1/me/second-step", json={"password": PASSWORD}, headers=headers)
    assert begun.status_code < 300, begun.text
    secret = begun.json()["secret"]
    step = int(house.house.clock.now().timestamp()) // totp.PERIOD_S
    told = client.post(
        "/api/v1/me/second-step/confirm", json={"code": totp.code_of(secret, step)}, headers=headers
    )
    assert told.status_code < 300, told.text
    codes = told.json()["recovery_codes"]
    assert len(codes) > 5
    return {"the secret of an app": secret, **{f"recovery code {at}": one for at, one in enumerate(codes)}}
