"""Whatever a page can do, a program can do too; and the description of it is one that tools can read."""

from __future__ import annotations

from typing import get_args

from typer.main import get_group

from projectionist.cli import cache, cache_lists, jobs, schedules, users, webhooks
from projectionist.features.operations.documents import ActionName, PriorityName
from projectionist.web.access import declared_routes
from projectionist.web.documents import METHODS, openapi_of
from tests.api.house import Open, token_of

TWINS = {
    "/sign-in": "sign_in",
    "/sign-in/plex": "begin_plex_sign_in",
    "/sign-in/plex/look": "look_at_plex_sign_in",
    "/sign-in/oidc": "begin_oidc_sign_in",
    "/account/identities/plex": "link_plex",
    "/account/identities/oidc": "link_oidc",
    "/account/identities/{identity_id:int}/unlink": "unlink_identity",
    "/sign-in/code": "take_second_step",
    "/sign-out": "sign_out",
    "/account/password": "change_password",
    "/account/preferences": "change_me",
    "/account/name": "change_me",
    "/account/email": "change_email",
    "/account/leave": "leave",
    "/forgotten-password": "ask_for_password",
    "/verify-email": "verify_email",
    "/mail/test": "test_mail",
    "/account/sign-ins/{sign_in_id:int}/revoke": "revoke_sign_in",
    "/account/sign-ins/revoke-others": "revoke_other_sign_ins",
    "/alerts/heartbeat": "save_heartbeat",
    "/alerts/heartbeat/remove": "remove_heartbeat",
    "/alerts/messengers": "add_messenger",
    "/alerts/messengers/{messenger_id:int}": "change_messenger",
    "/alerts/messengers/{messenger_id:int}/remove": "remove_messenger",
    "/alerts/messengers/{messenger_id:int}/test": "test_messenger",
    "/alerts/rules/{rule:str}": "change_alert_rule",
    "/account/notifications/{device_id:int}": "change_device",
    "/account/notifications/{device_id:int}/remove": "remove_device",
    "/account/notifications/{device_id:int}/test": "test_device",
    "/announcements": "announce",
    "/announcements/{announcement_id:int}/remove": "take_announcement_back",
    "/backups": "make_backup",
    "/account/second-step": "begin_second_step",
    "/account/second-step/confirm": "confirm_second_step",
    "/account/second-step/recovery-codes": "renew_recovery_codes",
    "/account/second-step/switch-off": "switch_off_second_step",
    "/account/passkeys/{passkey_id:int}/revoke": "revoke_passkey",
    "/account/tokens": "make_token",
    "/account/tokens/{token_id:int}/revoke": "revoke_token",
    "/join": "join",
    "/new-password": "choose_password",
    "/users/invite": "invite_user",
    "/users/invitations/{invitation_id:int}/withdraw": "withdraw_invitation",
    "/users/{user_id:int}": "change_user",
    "/users/{user_id:int}/identities/{identity_id:int}/unlink": "unlink_user_identity",
    "/users/{user_id:int}/password-link": "make_password_link",
    "/users/{user_id:int}/sign-out": "sign_user_out",
    "/users/{user_id:int}/second-step/take-off": "take_off_second_step",
    "/users/{user_id:int}/tokens/{token_id:int}/revoke": "revoke_user_token",
    "/users/{user_id:int}/passkeys/revoke": "revoke_passkeys_of_user",
    "/users/{user_id:int}/remove": "remove_user",
    "/cache/run": "run_cache",
    "/cache/plan/confirm": "run_cache",
    "/cache/stop": "stop_cache",
    "/cache/restore-all": "restore_all_films",
    "/cache/files/return": "return_cached_films",
    "/cache/files/pin": "pin_cached_films",
    "/cache/files/unpin": "unpin_cached_films",
    "/cache/moves/{move_id:int}/undo": "undo_cache_move",
    "/cache/items/{item_id:int}/pin": "pin_item",
    "/cache/items/{item_id:int}/unpin": "unpin_item",
    "/cache/tiers": "add_cache_tier",
    "/cache/tiers/{tier_id:int}": "change_cache_tier",
    "/cache/tiers/{tier_id:int}/remove": "remove_cache_tier",
    "/cache/places": "add_cache_place",
    "/cache/places/{place_id:int}": "change_cache_place",
    "/cache/places/{place_id:int}/remove": "remove_cache_place",
    "/cache/caps": "save_cache_cap",
    "/cache/sources/{source:str}": "choose_cache_source",
    "/cache/lists": "add_cache_list",
    "/cache/lists/{list_id:int}": "change_cache_list",
    "/cache/lists/{list_id:int}/switch": "switch_cache_list",
    "/cache/lists/{list_id:int}/remove": "remove_cache_list",
    "/cache/lists/keys/{service:str}": "save_cache_list_key",
    "/cache/lists/keys/{service:str}/remove": "remove_cache_list_key",
    "/cache/audit": "audit_cache",
    "/cache/scrub": "scrub_cache",
    "/cache/findings/{finding_id:int}/repair": "repair_cache_finding",
    "/cache/findings/repair": "repair_safe_cache_findings",
    "/cache/rests/{rest_id:int}/return": "return_resting_file",
    "/cache/adopt": "adopt_cache",
    "/cache/simulator": "simulate_own_cache",
    "/doctor/examine": "examine",
    "/doctor/mend/{check_id:str}": "mend",
    "/jobs/bulk/{action:str}": "change_many_jobs",
    "/jobs/queues/{name:str}": "change_queue",
    "/jobs/schedules": "save_schedule",
    "/jobs/{job_id:str}/cancel": "cancel_job",
    "/jobs/{job_id:str}/retry": "retry_job",
    "/jobs/{job_id:str}/priority": "set_job_priority",
    "/jobs/schedules/{name:str}/{action:str}": "run_schedule",
    "/previews/libraries/{library_id:int}": "change_library_preview_choices",
    "/previews/libraries/{library_id:int}/check": "check_library_previews",
    "/previews/libraries/{library_id:int}/estimate": "estimate_library_preview_choices",
    "/libraries/{library_id:int}/exclude": "change_library",
    "/libraries/{library_id:int}/include": "change_library",
    "/libraries/{library_id:int}/forget": "forget_library",
    "/libraries/{library_id:int}/sync": "sync_library",
    "/mappings/{mapping_id:int}/prove": "prove_mapping",
    "/mappings/{mapping_id:int}/remove": "remove_mapping",
    "/previews/make": "make_previews",
    "/previews/make-again": "make_previews",
    "/previews/settings": "change_preview_choices",
    "/previews/settings/estimate": "estimate_preview_choices",
    "/senders": "add_webhook_sender",
    "/senders/{sender_id:int}/remove": "remove_webhook_sender",
    "/senders/{sender_id:int}/secret": "renew_webhook_secret",
    "/servers": "add_server",
    "/servers/test": "test_server",
    "/servers/{server_id:int}/check": "check_server",
    "/servers/{server_id:int}/edit": "change_server",
    "/servers/{server_id:int}/mappings": "save_mapping",
    "/servers/{server_id:int}/plex-data": "try_plex_data",
    "/servers/{server_id:int}/remove": "remove_server",
    "/servers/{server_id:int}/sync": "sync_server",
    "/settings": "save_settings",
    "/settings/{name:str}/reset": "reset_setting",
}
"""The addresses that pages send to, and the operations that do the same."""

COMMANDED = {"Jobs", "Queues", "Schedules", "Nodes"}
COMMANDS = {
    "list_jobs": ["jobs list"],
    "export_jobs_as_csv": ["jobs list"],
    "export_jobs_as_json": ["jobs list"],
    "get_job": ["jobs show"],
    "get_job_log": ["jobs log"],
    "cancel_job": ["jobs cancel"],
    "retry_job": ["jobs retry"],
    "set_job_priority": ["jobs priority"],
    "change_many_jobs": ["jobs cancel", "jobs retry", "jobs forget", "jobs priority"],
    "list_queues": ["jobs queues"],
    "change_queue": ["jobs pause", "jobs resume", "jobs concurrency"],
    "list_schedules": ["schedules list"],
    "get_schedule": ["schedules show"],
    "save_schedule": ["schedules save", "schedules pause", "schedules resume"],
    "remove_schedule": ["schedules remove"],
    "run_schedule": ["schedules run"],
    "list_nodes": ["jobs nodes"],
}
"""The operations on jobs, their queues, schedules and nodes, and the commands that do the same."""

USER_COMMANDS = {
    "list": ["list_users", "get_user"],
    "invite": ["invite_user"],
    "role": ["change_user"],
    "password": ["make_password_link"],
    "sign-out": ["sign_user_out"],
    "identities": ["list_user_identities", "list_identities"],
    "unlink": ["unlink_user_identity", "unlink_identity"],
    "tokens": ["list_user_tokens", "list_tokens"],
    "revoke-token": ["revoke_user_token", "revoke_token"],
    "second-step-off": ["take_off_second_step"],
    "passkeys-off": ["revoke_passkeys_of_user"],
    "remove": ["remove_user"],
}
"""The commands of users, and the operations that do the same."""

WEBHOOK_COMMANDS = {
    "list": ["list_webhook_senders", "get_webhook_sender"],
    "told": ["list_webhook_deliveries"],
    "add": ["add_webhook_sender"],
    "renew": ["renew_webhook_secret"],
    "remove": ["remove_webhook_sender"],
}
"""The commands of webhooks, and the operations that do the same."""

CACHE_COMMANDS = {
    "plan": ["get_cache_plan", "list_planned_copies", "list_planned_returns", "list_kept_films"],
    "run": ["run_cache"],
    "restore": ["restore_all_films", "return_cached_films"],
    "history": ["list_cache_moves"],
    "undo": ["undo_cache_move"],
    "pin": ["pin_item", "pin_cached_films"],
    "unpin": ["unpin_item", "unpin_cached_films"],
    "pins": ["list_pins"],
}
"""The commands of the cache's daily work, and the operations that do the same."""

LIST_COMMANDS = {
    "list": ["list_cache_lists", "get_cache_list"],
    "add": ["add_cache_list"],
    "switch": ["switch_cache_list"],
    "remove": ["remove_cache_list"],
    "key": ["save_cache_list_key", "remove_cache_list_key"],
}
"""The commands of lists that are kept elsewhere, and the operations that do the same."""


def names(house: Open) -> list[str]:
    paths = openapi_of(house.app)["paths"]
    return [item[method]["operationId"] for item in paths.values() for method in METHODS if method in item]


def test_every_action_of_a_page_has_an_operation_that_does_the_same(house: Open) -> None:
    sent_to = {
        route.path
        for route in declared_routes(house.app)
        if route.method not in ("GET", "HEAD")
        and not route.path.startswith(("/api/", "/setup", "/webhooks/"))
    }
    known = set(names(house))
    assert sent_to == set(TWINS)
    assert set(TWINS.values()) - known == set()


def test_every_operation_on_jobs_and_schedules_has_a_command_that_does_the_same(house: Open) -> None:
    operations = [
        item[method]["operationId"]
        for item in openapi_of(house.app)["paths"].values()
        for method in METHODS
        if method in item and COMMANDED.intersection(item[method]["tags"])
    ]
    assert set(operations) == set(COMMANDS)
    assert {one for some in COMMANDS.values() for one in some} == set(options())


def test_every_command_of_the_caches_daily_work_has_operations_that_do_the_same(house: Open) -> None:
    commands = get_group(cache.app).commands
    assert set(CACHE_COMMANDS) - set(commands) == set()
    assert {one for some in CACHE_COMMANDS.values() for one in some} - set(names(house)) == set()
    taken = {name: {word for one in commands[name].params for word in one.opts} for name in CACHE_COMMANDS}
    assert [name for name, words in taken.items() if "--json" not in words] == []


def test_every_command_of_webhooks_has_operations_that_do_the_same_and_prints_json(house: Open) -> None:
    commands = get_group(webhooks.app).commands
    assert set(WEBHOOK_COMMANDS) == set(commands)
    told = {one for some in WEBHOOK_COMMANDS.values() for one in some}
    assert told == {name for name in names(house) if "webhook" in name}
    assert [name for name, one in commands.items() if "--json" not in one.params[-2].opts] == []


def test_every_command_of_lists_has_operations_that_do_the_same_and_prints_json(house: Open) -> None:
    commands = get_group(cache_lists.lists).commands
    assert set(LIST_COMMANDS) == set(commands)
    assert {one for some in LIST_COMMANDS.values() for one in some} - set(names(house)) == set()
    taken = {
        name: {word for one in command.params for word in one.opts} for name, command in commands.items()
    }
    assert [name for name, words in taken.items() if "--json" not in words] == []


def test_every_command_of_users_has_operations_that_do_the_same_and_prints_json(house: Open) -> None:
    commands = get_group(users.app).commands
    assert set(USER_COMMANDS) == set(commands)
    assert {one for some in USER_COMMANDS.values() for one in some} - set(names(house)) == set()
    taken = {
        name: {word for one in command.params for word in one.opts} for name, command in commands.items()
    }
    assert [name for name, words in taken.items() if "--json" not in words] == []


def test_every_bulk_action_on_jobs_has_a_command_that_takes_many() -> None:
    priorities = set(get_args(PriorityName))
    actions = {"priority" if one in priorities else one for one in get_args(ActionName)}
    assert {f"jobs {action}" for action in actions} == set(COMMANDS["change_many_jobs"])
    taken = {command: options()[command]["job_ids"] for command in COMMANDS["change_many_jobs"]}
    assert set(taken.values()) == {-1}


def test_every_command_of_jobs_and_schedules_prints_json_where_asked() -> None:
    assert [command for command, known in options().items() if "--json" not in known] == []


def options() -> dict[str, dict[str, int]]:
    """What each command of jobs and schedules takes, and how much of it; -1 is any number."""
    groups = {"jobs": jobs.app, "schedules": schedules.app}
    return {
        f"{group} {name}": {word: one.nargs for one in command.params for word in one.opts}
        for group, app in groups.items()
        for name, command in get_group(app).commands.items()
    }


def test_a_server_is_read_by_order_of_a_program(house: Open) -> None:
    with house.visitor() as client:
        headers = token_of(client)
        answer = client.post("/api/v1/servers/1/sync", headers=headers)
        assert answer.status_code == 202
        assert client.get(f"/api/v1/jobs/{answer.json()['job_id']}").json()["kind"] == "library.sync"
        assert client.post("/api/v1/servers/99/sync", headers=headers).status_code == 404


def test_each_operation_has_a_name_of_its_own_a_tag_and_a_summary(house: Open) -> None:
    paths = openapi_of(house.app)["paths"]
    assert len(names(house)) == len(set(names(house)))
    bare = [
        one["operationId"]
        for item in paths.values()
        for one in item.values()
        if not one.get("tags") or " " not in one.get("summary", "")
    ]
    assert bare == []


def test_the_reader_shows_every_operation(house: Open) -> None:
    with house.visitor() as client:
        page = client.get("/api/docs").text
    paths = openapi_of(house.app)["paths"]
    assert [path for path in paths if path not in page] == []


def test_lists_are_paged_from_1_to_100(house: Open) -> None:
    paths = openapi_of(house.app)["paths"]
    lists = [
        path
        for path, item in paths.items()
        if "{" not in path
        and any(one["name"] == "limit" for one in item.get("get", {}).get("parameters", ()))
    ]
    assert len(lists) > 8
    with house.visitor() as client:
        for path in lists:
            asked = {
                limit: client.get(path, params={"limit": limit}).status_code for limit in (0, 1, 100, 101, -1)
            }
            assert asked == {0: 400, 1: 200, 100: 200, 101: 400, -1: 400}, path
