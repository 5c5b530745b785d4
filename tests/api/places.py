"""Which routes of the program take a path or an address, as they declare themselves: a new one has to be named here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Litestar

from projectionist.web.access import declared_routes
from projectionist.web.documents import METHODS, openapi_of

ADDRESS, FOLDER = "address", "folder"
"""What a field of that name holds, whatever the field itself is called."""

HELD: Mapping[str, str] = {
    "address": ADDRESS,
    "endpoint": ADDRESS,
    "folder": FOLDER,
    "local_prefix": FOLDER,
    "path": FOLDER,
    "root": FOLDER,
    "slow_root": FOLDER,
    "view_root": FOLDER,
}
"""The fields of the API that name a place; an address may be one of a folder."""

PLAIN = frozenset(
    {
        "account",
        "act",
        "action",
        "actions",
        "arguments",  # of a job; what names a place among them is judged where the job is done
        "authenticator_data",
        "before",
        "check_id",
        "client_data",
        "code",
        "content",
        "correlation",
        "current",
        "daily_writes",
        "drive_size",
        "email",
        "ends_at",
        "exceptions",
        "form",
        "former",  # an endpoint that is known by its hash; asked by nobody
        "host_root",  # the host's word for a folder, which is told to the host and opened by nobody
        "id",
        "ids",
        "job_id",
        "job_ids",
        "key",
        "kind",
        "kinds",
        "language",
        "left_out",  # as the server spells folders; compared, and opened by nobody
        "min_free",
        "mode",
        "most",
        "name",
        "new",
        "note",
        "password",
        "places",
        "policies",
        "public_key",
        "q",
        "queue",
        "quiet_from",
        "quiet_to",
        "quota",
        "role",
        "rule",
        "scope",
        "scopes",
        "server_prefix",  # as the server spells it; compared, and opened by nobody
        "service",
        "sidecars",
        "signature",
        "sizes",
        "sort",
        "source",
        "state",
        "states",
        "text",
        "tier",
        "time_zone",
        "token",
        "usage",
        "values",  # of settings; none that the page may change is a path, which another test sees to
        "when",
        "where",  # on a list: a part of an address at a service that is known beforehand
        "who",
    }
)
"""The other texts that the API takes."""

FORMS: Mapping[str, Mapping[str, str]] = {
    "/servers/test": {"kind": "plex", "address": ADDRESS},
    "/servers": {"kind": "plex", "address": ADDRESS},
    "/servers/{server_id:int}/edit": {"address": ADDRESS},
    "/servers/{server_id:int}/mappings": {"server_prefix": "/data", "local_prefix": FOLDER},
    "/servers/{server_id:int}/plex-data": {"folder": FOLDER},
    "/setup/test": {"kind": "plex", "address": ADDRESS, "folder": FOLDER},
    "/setup/source": {"kind": "plex", "address": ADDRESS, "folder": FOLDER},
    "/setup/mapping": {"server_prefix": "/data", "local_prefix": FOLDER},
    "/setup/plex-data": {"folder": FOLDER},
    "/previews/settings": {"enabled": "yes", "places": "folder", "folder": FOLDER},
    "/previews/settings/estimate": {"enabled": "yes", "places": "folder", "folder": FOLDER},
    "/previews/libraries/{library_id:int}": {"folder": FOLDER},
    "/previews/libraries/{library_id:int}/estimate": {"folder": FOLDER},
    "/cache/tiers": {"name": "fast", "root": FOLDER},
    "/cache/tiers/{tier_id:int}": {"name": "fast", "root": FOLDER},
    "/cache/places": {"library_id": "1", "tier_ids": "1", "slow_root": FOLDER, "view_root": FOLDER},
    "/cache/places/{place_id:int}": {
        "library_id": "1",
        "tier_ids": "1",
        "slow_root": FOLDER,
        "view_root": FOLDER,
    },
    "/alerts/messengers": {"name": "phone", "kind": "ntfy", "address": ADDRESS},
    "/alerts/messengers/{messenger_id:int}": {"name": "phone", "kind": "ntfy", "address": ADDRESS},
    "/alerts/heartbeat": {"every_s": "60", "heartbeat-address": ADDRESS},
    "/cache/adopt": {"folder": FOLDER, "step": "look"},
}
"""The forms of pages that name a place: their fields, with what each holds or what is sent in it."""

ASKED_LATER = frozenset(
    {
        "add_messenger",
        "change_messenger",
        "save_heartbeat",
        "add_device",
        "renew_push_subscription",
        *(path for path in FORMS if path[:7] == "/alerts"),
    }
)
"""What keeps an address and asks it another time: where a name leads is judged then."""

FORMS_WITHOUT = frozenset(
    {
        "/account/identities/oidc",
        "/account/identities/plex",
        "/account/identities/{identity_id:int}/unlink",
        "/sign-in/oidc",
        "/sign-in/plex",
        "/sign-in/plex/look",
        "/account/email",
        "/account/leave",
        "/account/name",
        "/account/notifications/{device_id:int}",
        "/account/notifications/{device_id:int}/remove",
        "/account/notifications/{device_id:int}/test",
        "/account/passkeys/{passkey_id:int}/revoke",
        "/account/password",
        "/account/preferences",
        "/account/second-step",
        "/account/second-step/confirm",
        "/account/second-step/recovery-codes",
        "/account/second-step/switch-off",
        "/account/sign-ins/revoke-others",
        "/account/sign-ins/{sign_in_id:int}/revoke",
        "/account/tokens",
        "/account/tokens/{token_id:int}/revoke",
        "/alerts/heartbeat/remove",
        "/alerts/messengers/{messenger_id:int}/remove",
        "/alerts/messengers/{messenger_id:int}/test",
        "/alerts/rules/{rule:str}",
        "/announcements",
        "/announcements/{announcement_id:int}/remove",
        "/backups",
        "/cache/audit",
        "/cache/caps",
        "/cache/files/pin",
        "/cache/files/return",
        "/cache/files/unpin",
        "/cache/findings/repair",
        "/cache/findings/{finding_id:int}/repair",
        "/cache/items/{item_id:int}/pin",
        "/cache/items/{item_id:int}/unpin",
        "/cache/lists",
        "/cache/lists/keys/{service:str}",
        "/cache/lists/keys/{service:str}/remove",
        "/cache/lists/{list_id:int}",
        "/cache/lists/{list_id:int}/remove",
        "/cache/lists/{list_id:int}/switch",
        "/cache/moves/{move_id:int}/undo",
        "/cache/places/{place_id:int}/remove",
        "/cache/plan/confirm",
        "/cache/restore-all",
        "/cache/rests/{rest_id:int}/return",
        "/cache/run",
        "/cache/scrub",
        "/cache/simulator",
        "/cache/sources/{source:str}",
        "/cache/stop",
        "/cache/tiers/{tier_id:int}/remove",
        "/doctor/examine",
        "/doctor/mend/{check_id:str}",
        "/forgotten-password",
        "/jobs/bulk/{action:str}",
        "/jobs/queues/{name:str}",
        "/jobs/schedules",
        "/jobs/schedules/{name:str}/{action:str}",
        "/jobs/{job_id:str}/cancel",
        "/jobs/{job_id:str}/priority",
        "/jobs/{job_id:str}/retry",
        "/join",
        "/libraries/{library_id:int}/exclude",
        "/libraries/{library_id:int}/forget",
        "/libraries/{library_id:int}/include",
        "/libraries/{library_id:int}/sync",
        "/mail/test",
        "/mappings/{mapping_id:int}/prove",
        "/mappings/{mapping_id:int}/remove",
        "/new-password",
        "/previews/libraries/{library_id:int}/check",
        "/previews/make",
        "/previews/make-again",
        "/senders",
        "/senders/{sender_id:int}/remove",
        "/senders/{sender_id:int}/secret",
        "/servers/{server_id:int}/check",
        "/servers/{server_id:int}/remove",
        "/servers/{server_id:int}/sync",
        "/settings",
        "/settings/{name:str}/reset",
        "/setup/administrator",
        "/setup/back",
        "/setup/finish",
        "/setup/libraries",
        "/sign-in",
        "/sign-in/code",
        "/sign-out",
        "/users/invitations/{invitation_id:int}/withdraw",
        "/users/invite",
        "/users/{user_id:int}",
        "/users/{user_id:int}/identities/{identity_id:int}/unlink",
        "/users/{user_id:int}/passkeys/revoke",
        "/users/{user_id:int}/password-link",
        "/users/{user_id:int}/remove",
        "/users/{user_id:int}/second-step/take-off",
        "/users/{user_id:int}/sign-out",
        "/users/{user_id:int}/tokens/{token_id:int}/revoke",
        "/verify-email",
        "/webhooks/{sender:str}",  # the paths in what programs tell are tried by tests of webhooks
        "/webhooks/{sender:str}/{secret:str}",
    }
)
"""The other forms."""

KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
"""What messages to a browser are encrypted for, of the example in RFC 8291."""

BODIES: Mapping[str, Mapping[str, Any]] = {
    "add_server": {"kind": "plex", "address": ADDRESS},
    "test_server": {"kind": "plex", "address": ADDRESS},
    "change_server": {"address": ADDRESS},
    "save_mapping": {"server_prefix": "/data", "local_prefix": FOLDER},
    "try_plex_data": {"folder": FOLDER},
    "add_cache_tier": {"name": "fast", "root": FOLDER},
    "change_cache_tier": {"name": "fast", "root": FOLDER},
    "add_cache_place": {"library_id": 1, "tier_ids": [1], "slow_root": FOLDER, "view_root": FOLDER},
    "change_cache_place": {"library_id": 1, "tier_ids": [1], "slow_root": FOLDER, "view_root": FOLDER},
    "add_messenger": {"name": "phone", "kind": "ntfy", "address": ADDRESS},
    "change_messenger": {"name": "phone", "kind": "ntfy", "address": ADDRESS},
    "save_heartbeat": {"every_s": 60, "address": ADDRESS},
    "add_device": {"endpoint": ADDRESS, "keys": KEYS},
    "renew_push_subscription": {
        "former": "https://push.example.org/send/1",
        "endpoint": ADDRESS,
        "keys": KEYS,
    },
    "adopt_cache": {"folder": FOLDER, "dry": True},
    "change_preview_choices": {"folder": FOLDER},
    "change_library_preview_choices": {"folder": FOLDER},
    "estimate_preview_choices": {"folder": FOLDER},
    "estimate_library_preview_choices": {"folder": FOLDER},
}
"""The bodies of the API that name a place, by operation: enough of each to be taken, but for the place."""


@dataclass(frozen=True, slots=True)
class Named:
    """A place that a request names: which request, in which field, and whether it is an address or a folder."""

    method: str
    path: str
    operation: str
    field: str
    held: str
    in_body: bool


def texts_of(app: Litestar) -> Iterator[tuple[str, str, str, str, bool]]:
    """Every text that an operation of the API takes: method, path, operation, field, whether in its body."""
    document = openapi_of(app)
    for path, item in document["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            operation = item[method]
            for parameter in operation.get("parameters", ()):
                if _is_text(document, parameter["schema"]):
                    yield method.upper(), path, operation["operationId"], parameter["name"], False
            for kind in operation.get("requestBody", {}).get("content", {}).values():
                for field, schema in _fields(document, kind["schema"]):
                    if _is_text(document, schema):
                        yield method.upper(), path, operation["operationId"], field, True


def named_places(app: Litestar) -> list[Named]:
    """Every place that the API takes."""
    return [
        Named(method, path, operation, field, HELD[field], in_body)
        for method, path, operation, field, in_body in texts_of(app)
        if field in HELD
    ]


def forms_of(app: Litestar) -> set[str]:
    """Every page that takes a form."""
    return {
        route.path
        for route in declared_routes(app)
        if route.method == "POST" and not route.path.startswith("/api/")
    }


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _fields(
    document: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    schema = _resolved(document, schema)
    for one in (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from _fields(document, one)
    yield from schema.get("properties", {}).items()


def _is_text(document: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether any text can be sent there, in a list or an object too."""
    schema = _resolved(document, schema)
    if "enum" in schema or "const" in schema or "pattern" in schema:
        return False
    several = (*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ()))
    inner = [
        one for one in (schema.get("items"), schema.get("additionalProperties")) if isinstance(one, dict)
    ]
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    return "string" in kinds or any(_is_text(document, one) for one in (*several, *inner))
