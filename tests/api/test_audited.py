"""Which changing routes the audit log hears of: each names its acts here, or says why it is none of its business."""

from __future__ import annotations

from sqlalchemy import String

from projectionist.features.audit_log.models import AuditEntryRow
from projectionist.features.audit_log.service import Act
from projectionist.web.access import declared_routes
from tests.api.house import Open

ARRIVING = {
    Act.SIGNED_IN,
    Act.USER_JOINED,
    Act.ADMINISTRATOR_MADE,
    Act.IDENTITY_LINKED,
    Act.IDENTITY_LINK_REFUSED,
    Act.SIGN_IN_REFUSED,
}
"""What comes of signing in by another service."""

WRITTEN_DOWN: dict[tuple[str, str], set[Act]] = {
    ("DELETE", "/api/v1/cache/list-keys/{service:str}"): {Act.LIST_KEY_REMOVED},
    ("DELETE", "/api/v1/cache/lists/{list_id:int}"): {Act.LIST_REMOVED},
    ("DELETE", "/api/v1/cache/places/{place_id:int}"): {Act.PLACE_REMOVED},
    ("DELETE", "/api/v1/cache/tiers/{tier_id:int}"): {Act.TIER_REMOVED},
    ("DELETE", "/api/v1/invitations/{invitation_id:int}"): {Act.INVITATION_WITHDRAWN},
    ("DELETE", "/api/v1/libraries/{library_id:int}"): {Act.LIBRARY_FORGOTTEN},
    ("DELETE", "/api/v1/mappings/{mapping_id:int}"): {Act.MAPPING_REMOVED},
    ("DELETE", "/api/v1/me/identities/{identity_id:int}"): {Act.IDENTITY_UNLINKED},
    ("DELETE", "/api/v1/me/sign-ins"): {Act.BROWSER_REVOKED},
    ("DELETE", "/api/v1/me/sign-ins/{sign_in_id:int}"): {Act.BROWSER_REVOKED},
    ("DELETE", "/api/v1/me/tokens/{token_id:int}"): {Act.TOKEN_REVOKED},
    ("DELETE", "/api/v1/schedules/{name:str}"): {Act.SCHEDULE_REMOVED},
    ("DELETE", "/api/v1/servers/{server_id:int}"): {Act.SERVER_REMOVED},
    ("DELETE", "/api/v1/settings/{name:str}"): {Act.SETTINGS_CHANGED},
    ("DELETE", "/api/v1/users/{user_id:int}/identities/{identity_id:int}"): {
        Act.IDENTITY_UNLINKED,
        Act.BROWSER_REVOKED,
    },
    ("DELETE", "/api/v1/users/{user_id:int}"): {Act.USER_REMOVED},
    ("DELETE", "/api/v1/me/passkeys/{passkey_id:int}"): {Act.PASSKEY_REVOKED},
    ("DELETE", "/api/v1/users/{user_id:int}/passkeys"): {Act.PASSKEY_REVOKED},
    ("DELETE", "/api/v1/users/{user_id:int}/second-step"): {Act.SECOND_FACTOR_OFF},
    ("DELETE", "/api/v1/users/{user_id:int}/sign-ins"): {Act.BROWSER_REVOKED},
    ("PATCH", "/api/v1/libraries/{library_id:int}"): {Act.LIBRARY_CHANGED},
    ("PATCH", "/api/v1/previews/choices"): {Act.PREVIEWS_CHANGED},
    ("PATCH", "/api/v1/previews/libraries/{library_id:int}/choices"): {Act.PREVIEWS_CHANGED},
    ("PATCH", "/api/v1/queues/{name:str}"): {Act.QUEUE_CHANGED},
    ("PATCH", "/api/v1/settings"): {Act.SETTINGS_CHANGED},
    ("PATCH", "/api/v1/users/{user_id:int}"): {Act.USER_CHANGED},
    ("POST", "/account/identities/{identity_id:int}/unlink"): {Act.IDENTITY_UNLINKED},
    ("POST", "/account/password"): {Act.PASSWORD_CHANGED, Act.PASSWORD_CHANGE_FAILED},
    ("POST", "/account/passkeys/{passkey_id:int}/revoke"): {Act.PASSKEY_REVOKED},
    ("POST", "/account/second-step"): {Act.SECOND_FACTOR_REFUSED},
    ("POST", "/account/second-step/confirm"): {Act.SECOND_FACTOR_ON},
    ("POST", "/account/second-step/recovery-codes"): {Act.RECOVERY_CODES_MADE, Act.SECOND_FACTOR_REFUSED},
    ("POST", "/account/second-step/switch-off"): {Act.SECOND_FACTOR_OFF, Act.SECOND_FACTOR_REFUSED},
    ("POST", "/account/sign-ins/revoke-others"): {Act.BROWSER_REVOKED},
    ("POST", "/account/sign-ins/{sign_in_id:int}/revoke"): {Act.BROWSER_REVOKED},
    ("POST", "/account/tokens"): {Act.TOKEN_MADE},
    ("POST", "/account/tokens/{token_id:int}/revoke"): {Act.TOKEN_REVOKED},
    ("POST", "/api/v1/cache/adopt"): {Act.ADOPTED},
    ("POST", "/api/v1/cache/findings/repair"): {Act.REPAIRED},
    ("POST", "/api/v1/cache/findings/{finding_id:int}/repair"): {Act.REPAIRED},
    ("POST", "/api/v1/cache/lists"): {Act.LIST_CHANGED, Act.LIST_KEY_CHANGED},
    ("POST", "/api/v1/cache/moves/{move_id:int}/undo"): {Act.UNDONE},
    ("POST", "/api/v1/cache/places"): {Act.PLACE_CHANGED},
    ("POST", "/api/v1/cache/restore-all"): {Act.CACHE_LEFT},
    ("POST", "/api/v1/cache/rests/{rest_id:int}/return"): {Act.TAKEN_BACK},
    ("POST", "/api/v1/cache/run"): {Act.SCHEDULE_CHANGED},
    ("POST", "/api/v1/cache/stop"): {Act.JOBS_CANCELLED},
    ("POST", "/api/v1/cache/tiers"): {Act.TIER_CHANGED},
    ("POST", "/api/v1/doctor/mend/{check_id:str}"): {Act.MENDED},
    ("POST", "/api/v1/invitations"): {Act.USER_INVITED},
    ("POST", "/api/v1/jobs/bulk"): {Act.JOBS_CANCELLED, Act.JOBS_FORGOTTEN},
    ("POST", "/api/v1/jobs/{job_id:str}/cancel"): {Act.JOBS_CANCELLED},
    ("POST", "/api/v1/join"): {Act.USER_JOINED, Act.SIGNED_IN},
    ("POST", "/api/v1/me/passkeys"): {Act.PASSKEY_ADDED},
    ("POST", "/api/v1/me/passkeys/question"): {Act.SECOND_FACTOR_REFUSED},
    ("POST", "/api/v1/me/second-step"): {Act.SECOND_FACTOR_REFUSED},
    ("POST", "/api/v1/me/second-step/confirm"): {Act.SECOND_FACTOR_ON},
    ("POST", "/api/v1/me/second-step/recovery-codes"): {Act.RECOVERY_CODES_MADE, Act.SECOND_FACTOR_REFUSED},
    ("POST", "/api/v1/me/second-step/switch-off"): {Act.SECOND_FACTOR_OFF, Act.SECOND_FACTOR_REFUSED},
    ("POST", "/api/v1/me/tokens"): {Act.TOKEN_MADE},
    ("POST", "/api/v1/new-password"): {Act.PASSWORD_CHANGED},
    ("POST", "/api/v1/servers"): {Act.SERVER_ADDED},
    ("POST", "/api/v1/servers/{server_id:int}/mappings"): {Act.MAPPING_CHANGED},
    ("POST", "/api/v1/sign-in/plex/look"): ARRIVING,
    ("POST", "/api/v1/sign-in"): {
        Act.SIGNED_IN,
        Act.SIGN_IN_FAILED,
        Act.LOCKED_OUT,
        Act.RECOVERY_CODE_USED,
    },
    ("POST", "/api/v1/sign-in/code"): {
        Act.SIGNED_IN,
        Act.SIGN_IN_FAILED,
        Act.LOCKED_OUT,
        Act.RECOVERY_CODE_USED,
    },
    ("POST", "/api/v1/sign-in/passkey"): {Act.SIGNED_IN, Act.SIGN_IN_FAILED},
    ("POST", "/api/v1/sign-out"): {Act.SIGNED_OUT},
    ("POST", "/api/v1/users/{user_id:int}/password-link"): {Act.PASSWORD_LINK_MADE},
    ("POST", "/cache/adopt"): {Act.ADOPTED},
    ("POST", "/cache/caps"): {Act.LIMIT_CHANGED},
    ("POST", "/cache/findings/repair"): {Act.REPAIRED},
    ("POST", "/cache/findings/{finding_id:int}/repair"): {Act.REPAIRED},
    ("POST", "/cache/lists"): {Act.LIST_CHANGED, Act.LIST_KEY_CHANGED},
    ("POST", "/cache/lists/keys/{service:str}"): {Act.LIST_KEY_CHANGED},
    ("POST", "/cache/lists/keys/{service:str}/remove"): {Act.LIST_KEY_REMOVED},
    ("POST", "/cache/lists/{list_id:int}"): {Act.LIST_CHANGED, Act.LIST_KEY_CHANGED},
    ("POST", "/cache/lists/{list_id:int}/remove"): {Act.LIST_REMOVED},
    ("POST", "/cache/lists/{list_id:int}/switch"): {Act.LIST_CHANGED},
    ("POST", "/cache/moves/{move_id:int}/undo"): {Act.UNDONE},
    ("POST", "/cache/places"): {Act.PLACE_CHANGED},
    ("POST", "/cache/places/{place_id:int}"): {Act.PLACE_CHANGED},
    ("POST", "/cache/places/{place_id:int}/remove"): {Act.PLACE_REMOVED},
    ("POST", "/cache/plan/confirm"): {Act.SCHEDULE_CHANGED},
    ("POST", "/cache/restore-all"): {Act.CACHE_LEFT},
    ("POST", "/cache/rests/{rest_id:int}/return"): {Act.TAKEN_BACK},
    ("POST", "/cache/sources/{source:str}"): {Act.SOURCE_CHANGED},
    ("POST", "/cache/stop"): {Act.JOBS_CANCELLED},
    ("POST", "/cache/tiers"): {Act.TIER_CHANGED},
    ("POST", "/cache/tiers/{tier_id:int}"): {Act.TIER_CHANGED},
    ("POST", "/cache/tiers/{tier_id:int}/remove"): {Act.TIER_REMOVED},
    ("POST", "/doctor/mend/{check_id:str}"): {Act.MENDED},
    ("POST", "/jobs/bulk/{action:str}"): {Act.JOBS_CANCELLED, Act.JOBS_FORGOTTEN},
    ("POST", "/jobs/queues/{name:str}"): {Act.QUEUE_CHANGED},
    ("POST", "/jobs/schedules"): {Act.SCHEDULE_CHANGED, Act.SCHEDULE_REMOVED},
    ("POST", "/jobs/schedules/{name:str}/{action:str}"): {Act.SCHEDULE_CHANGED, Act.SCHEDULE_REMOVED},
    ("POST", "/jobs/{job_id:str}/cancel"): {Act.JOBS_CANCELLED},
    ("POST", "/join"): {Act.USER_JOINED, Act.SIGNED_IN},
    ("POST", "/libraries/{library_id:int}/exclude"): {Act.LIBRARY_CHANGED},
    ("POST", "/libraries/{library_id:int}/forget"): {Act.LIBRARY_FORGOTTEN},
    ("POST", "/libraries/{library_id:int}/include"): {Act.LIBRARY_CHANGED},
    ("POST", "/mappings/{mapping_id:int}/remove"): {Act.MAPPING_REMOVED},
    ("POST", "/new-password"): {Act.PASSWORD_CHANGED},
    ("POST", "/previews/libraries/{library_id:int}"): {Act.PREVIEWS_CHANGED},
    ("POST", "/previews/settings"): {Act.PREVIEWS_CHANGED},
    ("POST", "/servers"): {Act.SERVER_ADDED},
    ("POST", "/servers/{server_id:int}/edit"): {Act.SERVER_CHANGED},
    ("POST", "/servers/{server_id:int}/mappings"): {Act.MAPPING_CHANGED},
    ("POST", "/servers/{server_id:int}/plex-data"): {Act.PLEX_DATA_CHANGED},
    ("POST", "/servers/{server_id:int}/remove"): {Act.SERVER_REMOVED},
    ("POST", "/settings"): {Act.SETTINGS_CHANGED},
    ("POST", "/settings/{name:str}/reset"): {Act.SETTINGS_CHANGED},
    ("POST", "/setup/administrator"): {Act.ADMINISTRATOR_MADE, Act.SIGNED_IN},
    ("POST", "/setup/libraries"): {Act.LIBRARY_CHANGED},
    ("POST", "/setup/mapping"): {Act.MAPPING_CHANGED},
    ("POST", "/setup/plex-data"): {Act.PLEX_DATA_CHANGED},
    ("POST", "/setup/source"): {Act.SERVER_ADDED, Act.SERVER_CHANGED},
    ("POST", "/sign-in"): {Act.SIGNED_IN, Act.SIGN_IN_FAILED, Act.LOCKED_OUT},
    ("POST", "/sign-in/plex/look"): ARRIVING,
    ("POST", "/sign-in/code"): {
        Act.SIGNED_IN,
        Act.SIGN_IN_FAILED,
        Act.LOCKED_OUT,
        Act.RECOVERY_CODE_USED,
    },
    ("POST", "/sign-out"): {Act.SIGNED_OUT},
    ("POST", "/users/invitations/{invitation_id:int}/withdraw"): {Act.INVITATION_WITHDRAWN},
    ("POST", "/users/invite"): {Act.USER_INVITED},
    ("POST", "/users/{user_id:int}"): {Act.USER_CHANGED},
    ("POST", "/users/{user_id:int}/password-link"): {Act.PASSWORD_LINK_MADE},
    ("POST", "/users/{user_id:int}/remove"): {Act.USER_REMOVED},
    ("POST", "/users/{user_id:int}/passkeys/revoke"): {Act.PASSKEY_REVOKED},
    ("POST", "/users/{user_id:int}/second-step/take-off"): {Act.SECOND_FACTOR_OFF},
    ("POST", "/users/{user_id:int}/sign-out"): {Act.BROWSER_REVOKED},
    ("PUT", "/api/v1/cache/caps"): {Act.LIMIT_CHANGED},
    ("PUT", "/api/v1/cache/list-keys/{service:str}"): {Act.LIST_KEY_CHANGED},
    ("PUT", "/api/v1/cache/lists/{list_id:int}"): {Act.LIST_CHANGED, Act.LIST_KEY_CHANGED},
    ("PUT", "/api/v1/cache/lists/{list_id:int}/on"): {Act.LIST_CHANGED},
    ("PUT", "/api/v1/cache/places/{place_id:int}"): {Act.PLACE_CHANGED},
    ("PUT", "/api/v1/cache/sources/{source:str}"): {Act.SOURCE_CHANGED},
    ("PUT", "/api/v1/cache/tiers/{tier_id:int}"): {Act.TIER_CHANGED},
    ("PUT", "/api/v1/me/password"): {Act.PASSWORD_CHANGED, Act.PASSWORD_CHANGE_FAILED},
    ("PUT", "/api/v1/schedules/{name:str}"): {Act.SCHEDULE_CHANGED},
    ("PUT", "/api/v1/servers/{server_id:int}"): {Act.SERVER_CHANGED},
    ("PUT", "/api/v1/servers/{server_id:int}/plex-data"): {Act.PLEX_DATA_CHANGED},
}
"""Each route, and what it may write down."""

_OWN_TASTE = "How times are shown to oneself opens nothing and takes nothing away."
_HISTORY = "A film goes to or from the fast disk; the cache's own history says who asked, and undoes it."
_PIN = "A wish for a film; the pin itself says whose it is."
_READS = "It reads and tells, and changes nothing that somebody set up."
_BEGUN = "Nothing is decided yet; what comes of it is written down where it is looked at."
_WORK = "Work that takes nothing away; the job itself says who asked for it."

NOT_TOLD = {
    ("DELETE", "/api/v1/cache/pins/{item_id:int}"): _PIN,
    ("PATCH", "/api/v1/me"): _OWN_TASTE,
    ("POST", "/account/identities/oidc"): _BEGUN,
    ("POST", "/account/identities/plex"): _BEGUN,
    ("POST", "/account/time-zone"): _OWN_TASTE,
    ("POST", "/api/v1/backups"): _WORK,
    ("POST", "/backups"): _WORK,
    ("POST", "/api/v1/cache/audit"): _READS,
    ("POST", "/api/v1/cache/files/pin"): _PIN,
    ("POST", "/api/v1/cache/files/return"): _HISTORY,
    ("POST", "/api/v1/cache/files/unpin"): _PIN,
    ("POST", "/api/v1/cache/scrub"): _READS,
    ("POST", "/api/v1/cache/simulation"): _READS,
    ("POST", "/api/v1/jobs/{job_id:str}/retry"): _WORK,
    ("POST", "/api/v1/libraries/{library_id:int}/sync"): _WORK,
    ("POST", "/api/v1/mappings/{mapping_id:int}/prove"): _READS,
    ("POST", "/api/v1/me/identities/oidc"): _BEGUN,
    ("POST", "/api/v1/me/identities/plex"): _BEGUN,
    ("POST", "/api/v1/me/sign-in"): "Staying is no act; each opening of a page does the same.",
    ("POST", "/api/v1/sign-in/oidc"): _BEGUN,
    ("POST", "/api/v1/sign-in/plex"): _BEGUN,
    ("POST", "/api/v1/sign-in/passkey/question"): "A question; who answers it signs in, which is told.",
    ("POST", "/api/v1/previews/choices/estimate"): _READS,
    ("POST", "/api/v1/previews/libraries/{library_id:int}/check"): _WORK,
    ("POST", "/api/v1/previews/libraries/{library_id:int}/choices/estimate"): _READS,
    ("POST", "/api/v1/previews/make"): _WORK,
    ("POST", "/api/v1/schedules/{name:str}/run"): _WORK,
    ("POST", "/api/v1/servers/test"): _READS,
    ("POST", "/api/v1/servers/{server_id:int}/check"): _READS,
    ("POST", "/api/v1/servers/{server_id:int}/sync"): _WORK,
    ("POST", "/cache/audit"): _READS,
    ("POST", "/cache/files/pin"): _PIN,
    ("POST", "/cache/files/return"): _HISTORY,
    ("POST", "/cache/files/unpin"): _PIN,
    ("POST", "/cache/items/{item_id:int}/pin"): _PIN,
    ("POST", "/cache/items/{item_id:int}/unpin"): _PIN,
    ("POST", "/cache/run"): _HISTORY,
    ("POST", "/cache/scrub"): _READS,
    ("POST", "/cache/simulator"): _READS,
    ("POST", "/doctor/examine"): _READS,
    ("POST", "/jobs/{job_id:str}/priority"): _WORK,
    ("POST", "/jobs/{job_id:str}/retry"): _WORK,
    ("POST", "/libraries/{library_id:int}/sync"): _WORK,
    ("POST", "/mappings/{mapping_id:int}/prove"): _READS,
    ("POST", "/previews/libraries/{library_id:int}/check"): _WORK,
    ("POST", "/previews/libraries/{library_id:int}/estimate"): _READS,
    ("POST", "/previews/make"): _WORK,
    ("POST", "/previews/make-again"): _WORK,
    ("POST", "/previews/settings/estimate"): _READS,
    ("POST", "/servers/test"): _READS,
    ("POST", "/servers/{server_id:int}/check"): _READS,
    ("POST", "/servers/{server_id:int}/sync"): _WORK,
    ("POST", "/sign-in/oidc"): _BEGUN,
    ("POST", "/sign-in/plex"): _BEGUN,
    ("POST", "/setup/back"): "A step back in the setup; nothing of what was chosen is undone.",
    ("POST", "/setup/finish"): "The last step of the setup; each step before it wrote down what it did.",
    ("POST", "/setup/test"): _READS,
    ("PUT", "/api/v1/cache/pins/{item_id:int}"): _PIN,
    ("PUT", "/api/v1/jobs/{job_id:str}/priority"): _WORK,
}
"""What writes no entry, and why."""


def test_every_changing_route_is_written_down_or_said_why_not(house: Open) -> None:
    changing = {
        (route.method, route.path)
        for route in declared_routes(house.app)
        if route.method not in ("GET", "HEAD")
    }
    assert changing - WRITTEN_DOWN.keys() - NOT_TOLD.keys() == set()
    assert (WRITTEN_DOWN.keys() | NOT_TOLD.keys()) - changing == set()
    assert WRITTEN_DOWN.keys() & NOT_TOLD.keys() == set()


def test_every_act_has_room_in_the_log() -> None:
    room = AuditEntryRow.__table__.c.act.type
    assert isinstance(room, String)
    assert room.length
    assert [act for act in Act if len(act) > room.length] == []


def test_every_act_is_done_by_some_route() -> None:
    assert set(Act) - set().union(*WRITTEN_DOWN.values()) == {Act.RESTORED}, "by the command line alone"
