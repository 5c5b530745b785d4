"""Which permission each operation of the API is meant to need, told apart from the program: a new one is named here."""

from __future__ import annotations

from collections.abc import Mapping

from projectionist.web.ports import Permission

ROLES: Mapping[str, frozenset[Permission]] = {
    "administrator": frozenset(Permission),
    "moderator": frozenset(
        {
            Permission.VIEW,
            Permission.VIEW_OTHERS_HISTORY,
            Permission.REQUEST,
            Permission.REQUEST_4K,
            Permission.AUTO_APPROVE,
            Permission.MANAGE_REQUESTS,
            Permission.MANAGE_DOWNLOADS,
            Permission.MANAGE_PREVIEWS,
            Permission.MANAGE_CACHE,
            Permission.MANAGE_JOBS,
            Permission.MAKE_TOKENS,
        }
    ),
    "user": frozenset({Permission.VIEW, Permission.REQUEST, Permission.MAKE_TOKENS}),
    "guest": frozenset({Permission.VIEW}),
    "": frozenset(),
}
"""What each role may, and who is nobody."""

_NEEDED: Mapping[Permission | None, str] = {
    None: """
        renew_push_subscription
        begin_oidc_sign_in begin_plex_sign_in look_at_plex_sign_in take_second_step
        ask_for_passkey ask_for_password choose_password join sign_in sign_in_by_passkey verify_email
    """,
    Permission.VIEW: """
        link_oidc link_plex list_identities unlink_identity
        add_device change_device end_push_subscription get_push_key list_devices list_messages remove_device test_device
        add_passkey begin_passkey begin_second_step change_email change_me change_password
        confirm_second_step export_jobs_as_csv export_jobs_as_json export_me get_about get_email
        get_item get_job get_job_log get_library get_library_preview_choices get_me get_preview
        get_preview_choices get_preview_frames get_preview_rate get_schedule get_second_step get_sign_in
        leave list_announcements list_children list_items list_jobs list_libraries list_licences
        list_nodes list_passkeys list_preview_coverage list_preview_reasons list_previews list_queues
        list_schedules list_sign_ins renew_recovery_codes revoke_other_sign_ins revoke_passkey
        revoke_sign_in search sign_out stay_signed_in switch_off_second_step
    """,
    Permission.MAKE_TOKENS: """
        list_tokens make_token revoke_token
    """,
    Permission.MANAGE_PREVIEWS: """
        change_library_preview_choices change_preview_choices check_library_previews
        estimate_library_preview_choices estimate_preview_choices inspect_preview make_previews
    """,
    Permission.MANAGE_CACHE: """
        add_cache_list add_cache_place add_cache_tier adopt_cache audit_cache change_cache_list
        change_cache_place change_cache_tier choose_cache_source explain_item find_cache_rivals
        get_cache get_cache_list get_cache_place get_cache_plan get_cache_tier get_own_simulation
        list_cache_caps list_cache_findings list_cache_list_keys list_cache_lists list_cache_moves
        list_cache_places list_cache_sources list_cache_tiers list_cached_films list_kept_films
        list_pins list_planned_copies list_planned_returns list_refused_films list_resting_files
        pin_cached_films pin_item remove_cache_list remove_cache_list_key remove_cache_place
        remove_cache_tier repair_cache_finding repair_safe_cache_findings restore_all_films
        return_cached_films return_resting_file run_cache save_cache_cap save_cache_list_key scrub_cache
        simulate_own_cache stop_cache switch_cache_list undo_cache_move unpin_cached_films unpin_item
    """,
    Permission.MANAGE_JOBS: """
        cancel_job change_many_jobs change_queue remove_schedule retry_job run_schedule save_schedule
        set_job_priority sync_library
    """,
    Permission.MANAGE_SERVERS: """
        add_server change_library change_server check_server forget_library get_server list_mappings
        list_plex_data list_server_libraries list_servers prove_mapping remove_mapping remove_server
        save_mapping suggest_mappings sync_server test_server try_plex_data
    """,
    Permission.MANAGE_SETTINGS: """
        add_webhook_sender get_webhook_sender list_webhook_deliveries list_webhook_senders
        remove_webhook_sender renew_webhook_secret
        add_messenger change_alert_rule change_messenger examine export_metrics get_health get_heartbeat
        get_mail get_metrics list_alerts list_backups list_circuits list_log_lines list_messengers
        list_metric_summaries list_settings make_backup mend remove_heartbeat
        remove_messenger reset_setting save_heartbeat save_settings test_mail test_messenger
    """,
    Permission.MANAGE_USERS: """
        list_user_identities unlink_user_identity list_user_tokens revoke_user_token
        announce change_user export_audit_log get_user invite_user list_audit_entries list_invitations
        list_users make_password_link remove_user revoke_passkeys_of_user sign_user_out
        take_announcement_back take_off_second_step verify_audit_log withdraw_invitation
    """,
}

NEEDED: Mapping[str, Permission | None] = {
    operation: permission for permission, named in _NEEDED.items() for operation in named.split()
}
"""By operation; None where strangers may ask too."""


def may(role: str, operation: str) -> bool:
    """Whether somebody of this role is let through to the operation."""
    needed = NEEDED[operation]
    return needed is None or needed in ROLES[role]
