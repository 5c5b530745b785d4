"""The settings themselves."""

# ruff: noqa: RUF009 (`option` gives what `dataclasses.field` gives)

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from projectionist.settings import mailing, values
from projectionist.settings.choices import Registration, Security
from projectionist.settings.options import Source, option

LEVELS = ("debug", "info", "warning", "error")
PLEX_SIGN_IN = ("off", "linked", "members")
_NO_SOURCES: Mapping[str, Source] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the person who runs Projectionist decides.

    `sources` tells where each value came from, and `unknown` names variables that begin like ours and are none.
    """

    data: Path = option(
        "The folder for everything that Projectionist keeps, on a disk of this machine; made if absent.",
        values.path,
        example="/var/lib/projectionist",
    )
    host: str = option(
        "The address to listen on; 0.0.0.0 is every one of this machine.", values.host, "127.0.0.1"
    )
    port: int = option("The port to listen on; 0 takes a free one.", values.whole(0, 65535), 8480)
    listen_beyond_loopback: bool = option("Allows a host that other machines can reach.", values.flag, False)
    base_url: str = option(
        "The address that browsers use, where a proxy stands in front; links are made from it.",
        values.web_address,
        "",
        example="https://films.example.org",
    )
    base_path: str = option(
        "The path that a proxy serves Projectionist under.", values.base_path, "", example="/projectionist"
    )
    allowed_hosts: tuple[str, ...] = option(
        "Host names that browsers may ask for besides that of the base URL and addresses in digits.",
        values.words,
        (),
        example="films.lan,nas",
    )
    trusted_proxies: tuple[str, ...] = option(
        "Addresses or networks of proxies whose word on a visitor's address is believed.",
        values.networks,
        (),
        example="172.18.0.0/16",
    )
    max_request_bytes: int = option(
        "The largest request that is read.", values.size(1_000, 10_000_000), 10_000_000, example="10 MB"
    )
    cors_origins: tuple[str, ...] = option(
        "Other sites whose pages may read the API in a browser, with a token; left out, none.",
        values.origins,
        (),
        example="https://dashboard.example.org",
    )
    event_streams: int = option("How many pages may be live at once, in all.", values.whole(1, 10_000), 500)
    event_streams_per_person: int = option(
        "How many pages of one person may be live at once.", values.whole(1, 1_000), 20
    )
    database_url: str = option(
        "A PostgreSQL database, which workers on several machines need; left out, SQLite in the data folder.",
        values.text,
        "",
        secret=True,
        example="postgresql+psycopg://projectionist@db.lan/projectionist?sslmode=require",
    )
    secret_key: str = option(
        "What kept tokens are encrypted with, the same on every machine; left out, a key file in the data folder.",
        values.text,
        "",
        secret=True,
    )
    worker: bool = option("Whether `serve` does jobs too.", values.flag, True)
    workers: int = option(
        "How many processes serve the pages; whether jobs are done too, `worker` says, and one of them does.",
        values.whole(1, 64),
        1,
    )
    queues: tuple[str, ...] = option(
        "The queues that this machine works on; left out, all.", values.words, (), example="previews,sync"
    )
    node: str = option(
        "What this machine is called on the pages, and its path mappings are kept by; left out, its host name.",
        values.text,
        make=platform.node,
    )
    log_format: str = option(
        "Lines for people or for programs; LOG_FORMAT works too.",
        values.one_of("text", "json"),
        "text",
        choices=("text", "json"),
    )
    log_level: str = option(
        "The least of what is logged; LOG_LEVEL works too.", values.one_of(*LEVELS), "info", choices=LEVELS
    )
    log_file: Path | None = option("A file for the log, besides standard error.", values.path, None)
    log_kept: int = option(
        "How much of the log is kept in the data folder for the page Logs; 0 keeps none.",
        values.size(0, 1 << 34),
        50_000_000,
        example="50 MB",
    )
    error_reports: str = option(
        "A DSN of the Sentry protocol: errors that nobody expected are told there, without secrets and names.",
        values.text,
        "",
        secret=True,
        example="https://key@glitchtip.example.org/1",
    )
    otlp_url: str = option(
        "An OpenTelemetry collector that metrics are sent to each minute, by OTLP over HTTP.",
        values.web_address,
        "",
        example="http://collector.lan:4318",
    )
    otlp_headers: tuple[str, ...] = option(
        "What that collector is told besides, such as its token: names and values, parted by commas.",
        values.headers,
        (),
        secret=True,
        example="Authorization=Bearer token",
    )
    otlp_traces: float = option(
        "Which share of requests and jobs that collector is told of as traces, from 0 for none to 1 for all.",
        values.share,
        0.0,
        example="0.1",
    )
    update_address: str | None = option(
        "Where it is asked each day whether a newer version is there, as JSON of a release; left out, nobody is asked.",
        values.optional(values.web_address),
        None,
        example="https://forge.example.org/api/v1/repos/films/projectionist/releases/latest",
        page=True,
    )
    media: Path | None = option("A folder of films to begin with.", values.path, None, example="/films")
    plex_url: str = option(
        "A Plex server to begin with.", values.web_address, "", example="http://192.168.1.10:32400"
    )
    plex_token: str = option("The token for that Plex server.", values.text, "", secret=True)
    plex_data: Path | None = option(
        "The data folder of that Plex server, where its previews are kept.",
        values.path,
        None,
        example="/var/lib/plexmediaserver/Library/Application Support/Plex Media Server",
    )
    plex_tv_url: str = option("Where plex.tv is asked.", values.web_address, "https://plex.tv")
    setup_file: Path | None = option(
        "A TOML file that does the setup without anybody there.", values.path, None
    )
    sync_interval: str = option(
        "How often a new server's libraries are asked for what changed.",
        values.rhythm,
        "every 15m",
        page=True,
    )
    session_idle: timedelta = option(
        "How long somebody stays signed in without doing anything.",
        values.duration(timedelta(minutes=5), timedelta(days=90)),
        timedelta(minutes=80),
        page=True,
    )
    registration: str = option(
        "Who may make themselves an account: nobody, who was given an invitation, or everybody who finds the page.",
        values.one_of(*Registration),
        Registration.INVITATION.value,
        page=True,
        choices=tuple(one.value for one in Registration),
    )
    mail_host: str = option(
        "The mail server that takes mails to people: invitations, links for new passwords; left out, none are sent.",
        mailing.server_name,
        "",
        example="mail.example.org",
    )
    mail_port: int | None = option(
        "Its port; left out, 587 for starttls, 465 for tls and 25 for none.",
        values.optional(values.whole(1, 65535)),
        None,
    )
    mail_security: str = option(
        "How the connection to it is encrypted: begun in the open and then switched, from the first byte, or not at "
        "all, which is for a server on this machine. Its certificate is verified.",
        values.one_of(*Security),
        Security.STARTTLS.value,
        choices=tuple(one.value for one in Security),
    )
    mail_user: str = option(
        "The user by which one signs in at the mail server, where it asks for one.",
        values.text,
        "",
        example="films@example.org",
    )
    mail_password: str = option("The password of that user.", values.text, "", secret=True)
    mail_from: str = option(
        "Whom mails come from.", mailing.sender, "", example="Projectionist <films@example.org>"
    )
    plex_sign_in: str = option(
        "Who may sign in with a Plex account: nobody, who has linked theirs to an account here, or also everybody who "
        "has access to the Plex server; they get an account of their own then, unless nobody may make one.",
        values.one_of(*PLEX_SIGN_IN),
        "members",
        page=True,
        choices=PLEX_SIGN_IN,
    )
    oidc_issuer: str = option(
        "A provider of OpenID Connect with which people may sign in, such as Authentik, Authelia or Keycloak.",
        values.web_address,
        "",
        example="https://auth.example.org/application/o/films",
    )
    oidc_client_id: str = option("What that provider knows Projectionist by.", values.text, "")
    oidc_client_secret: str = option("By what Projectionist proves that it is.", values.text, "", secret=True)
    oidc_name: str = option(
        "What people call that provider, on the sign-in page.",
        values.text,
        "single sign-on",
        example="Authentik",
    )
    oidc_groups_claim: str = option(
        "Where that provider says in which groups somebody is.", values.text, "groups"
    )
    oidc_roles: tuple[str, ...] = option(
        "What members of that provider's groups become here, the best of all; * is everybody. Who is in none of them "
        "is not let in, and who leaves a group loses its role.",
        values.roles,
        ("*=user",),
        example="film-admins=administrator,family=user",
    )
    proxy_user_header: str = option(
        "The header in which a trusted proxy says who somebody is, so that nobody signs in here: that of Authelia, or "
        "X-authentik-username. The proxy must take it out of what visitors send. Left out, no proxy is believed.",
        values.header,
        "",
        example="Remote-User",
    )
    proxy_groups_header: str = option(
        "The header in which that proxy says in which groups they are.",
        values.header,
        "Remote-Groups",
        example="X-authentik-groups",
    )
    proxy_roles: tuple[str, ...] = option(
        "What members of those groups become here, the best of all; * is everybody. Who is in none of them is not let "
        "in, and who leaves a group loses its role.",
        values.roles,
        ("*=user",),
        example="film-admins=administrator,family=user",
    )
    page_rate: int = option(
        "How often a minute one person may open Home, and how often they may search; 0 sets no limit.",
        values.whole(0, 100_000),
        30,
        page=True,
    )
    api_rate: int = option(
        "How many requests a minute the API answers one person; 0 sets no limit.",
        values.whole(0, 1_000_000),
        100,
        page=True,
    )
    job_retention_days: int = option(
        "How many days jobs that are over stay in the history.", values.whole(1, 3650), 30, page=True
    )
    backup_folder: Path | None = option(
        "Where backups go, best on another disk; left out, a folder in the data folder.",
        values.path,
        None,
        example="/mnt/backup/projectionist",
    )
    backup_keep: int = option(
        "How many proven backups are kept; older ones are removed, and of those not proven as many stay.",
        values.whole(1, 1000),
        14,
        page=True,
    )
    backup_passphrase: str = option(
        "What backups are encrypted with; left out, they are not. Without it no encrypted one can be restored.",
        values.text,
        "",
        secret=True,
    )
    preview_interval_s: int = option(
        "Seconds of film between two pictures of a preview, to begin with.",
        values.whole(1, 600),
        10,
        page=True,
    )
    preview_width: int = option(
        "The width of a preview's pictures in pixels, to begin with.", values.whole(80, 1920), 320, page=True
    )
    preview_quality: int = option(
        "The JPEG quality of a preview's pictures, to begin with.", values.whole(1, 100), 80, page=True
    )
    cache_interval: str = option(
        "How often it is planned what the cache fetches, once a first plan was confirmed.",
        values.rhythm,
        "every 1h",
        page=True,
    )
    cache_retention: timedelta = option(
        "How long a file stays on the fast disk after it was played or wanted last.",
        values.duration(timedelta(0), timedelta(days=365)),
        timedelta(hours=12),
        page=True,
    )
    cache_next_episodes: int = option(
        "How many episodes after the one that is played or was watched last the cache fetches.",
        values.whole(0, 50),
        3,
        page=True,
    )
    cache_watchlist_episodes: int = option(
        "How many unwatched episodes of a show on a watchlist the cache fetches.",
        values.whole(0, 50),
        2,
        page=True,
    )
    cache_recent_days: int = option(
        "For how many days something counts as recently added to the cache.",
        values.whole(1, 90),
        14,
        page=True,
    )
    cache_list_refresh: timedelta = option(
        "How often the cache asks for the lists that were added: those of Trakt and TMDb.",
        values.duration(timedelta(minutes=15), timedelta(days=7)),
        timedelta(hours=6),
        page=True,
    )
    cache_spare_played: bool = option(
        "Whether the cache leaves a large file that is only being played on the slow disk, unless it is likely that "
        "somebody comes back to it; that saves writes, and the slow disk runs until the end.",
        values.flag,
        False,
        page=True,
    )
    cache_sources: tuple[str, ...] = option(
        "What the cache fetches films for, where nobody chose for themselves: playing, on_deck, next, watchlist, "
        "recent, list, prediction.",
        values.some_of("playing", "on_deck", "next", "watchlist", "recent", "list", "prediction"),
        ("playing", "on_deck", "next", "watchlist", "list", "prediction"),
        example="playing,next",
    )
    cache_exclude_file: Path | None = option(
        "On Unraid, the file in which the mover finds what it has to leave on the fast disk; the mover is waited for.",
        values.path,
        None,
        example="/config/projectionist-mover-exclusions.txt",
    )
    cache_hard_links: bool = option(
        "Whether the cache also moves files that have further names, as seeding ones do; the others keep the original.",
        values.flag,
        False,
        page=True,
    )
    cache_prove_returns: bool = option(
        "Whether the cache reads an original whole each time before it takes the fast copy away, which also finds what "
        "rotted on the slow disk; else only where somebody may have written to it.",
        values.flag,
        False,
        page=True,
    )
    cache_rate: int | None = option(
        "The most bytes a second that one copy of the cache reads; left out, as fast as the disks are.",
        values.optional(values.size(100_000, 10**12)),
        None,
        page=True,
        example="80 MB",
    )
    cache_quiet_hours: str = option(
        "Hours of the day in which the cache copies nothing but what is played.",
        values.hours,
        "",
        page=True,
        example="22:00-06:30",
    )
    cache_pause_while_playing: bool = option(
        "Whether the cache waits while somebody plays from the disk that it would copy from.",
        values.flag,
        True,
        page=True,
    )
    sources: Mapping[str, Source] = field(default_factory=lambda: _NO_SOURCES, repr=False, compare=False)
    unknown: tuple[str, ...] = field(default=(), repr=False, compare=False)
