"""The composition root: the only module that knows every part, and hands each what it needs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from litestar import Litestar
from sqlalchemy.orm import Session

from projectionist import __version__
from projectionist.db import schema
from projectionist.db.engine import Database
from projectionist.db.events import Events
from projectionist.demo.address import plex_tv_beside
from projectionist.errors import DatabaseUnusable
from projectionist.features.accounts import feature as accounts
from projectionist.features.accounts import setup
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.mailroom import open_mailroom
from projectionist.features.accounts.ways.opening import open_ways
from projectionist.features.alerts import opening as alerts
from projectionist.features.alerts import workplace as alerts_workplace
from projectionist.features.alerts.service import messages_kept_of, messengers_kept_of
from projectionist.features.audit_log import feature as audit_log
from projectionist.features.backups import feature as backups_web
from projectionist.features.backups import jobs as backup_jobs
from projectionist.features.backups import service as backups
from projectionist.features.cache import caring as cache_care
from projectionist.features.cache import jobs as cache_jobs
from projectionist.features.cache import service as cache_service
from projectionist.features.cache import web as cache
from projectionist.features.cache import workplace as cache_workplace
from projectionist.features.cache.opening import Wishes, open_workplace
from projectionist.features.cache.reading.standing import tiers_now
from projectionist.features.cache.recorded import recorded_links
from projectionist.features.cache.running.following import Following
from projectionist.features.cache.running.guarding import Guarding
from projectionist.features.cache.running.rounds import recover
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.doctor import feature as doctor
from projectionist.features.doctor import opening as doctor_opening
from projectionist.features.doctor.ground import Ground, Opened
from projectionist.features.doctor.health import Pulse
from projectionist.features.doctor.neighbours import CacheFacts, TierFacts
from projectionist.features.doctor.service import Doctor
from projectionist.features.home import pages as home
from projectionist.features.item import pages as item
from projectionist.features.library import jobs as library_jobs
from projectionist.features.library import web as library
from projectionist.features.library.excluding import choose_libraries
from projectionist.features.library.listening import Listening
from projectionist.features.library.pictures import Pictures
from projectionist.features.library.playing import Playing
from projectionist.features.library.scheduling import ScheduledSyncs
from projectionist.features.library.service import libraries
from projectionist.features.library.sync import Synced
from projectionist.features.logs import feature as logs_web
from projectionist.features.mail import feature as mail
from projectionist.features.mail import jobs as mail_jobs
from projectionist.features.metrics import feature as metrics_web
from projectionist.features.metrics import sampling
from projectionist.features.operations import feature as operations
from projectionist.features.previews import jobs as preview_jobs
from projectionist.features.previews import upkeep
from projectionist.features.previews import web as previews
from projectionist.features.previews.catalogue import LibraryIndex
from projectionist.features.previews.choices import Choices
from projectionist.features.previews.confines import Confines
from projectionist.features.previews.proving import prove_plex_data
from projectionist.features.previews.showing import Showcase
from projectionist.features.previews.workplace import Workplace
from projectionist.features.servers import feature as servers_web
from projectionist.features.servers import service as servers
from projectionist.features.webhooks import opening as webhooks
from projectionist.integrations.connecting import Connecting
from projectionist.integrations.lists.connecting import list_connector
from projectionist.integrations.messengers.posting import PostMessenger
from projectionist.integrations.messengers.pushing import WebPush
from projectionist.integrations.oidc.provider import oidc_sign_in
from projectionist.integrations.plex.installation import client_id
from projectionist.integrations.senders.reading import read_told
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import JobKind
from projectionist.kit.clock import SystemClock
from projectionist.kit.data_folder import DEMO_HOUSE, OwnFolder
from projectionist.kit.outbound import Outbound, OwnService
from projectionist.kit.probing import probe
from projectionist.kit.secrets import Vault
from projectionist.media.lists import ConnectList
from projectionist.media.messages import Messenger, MessengerAddress, MessengerKind
from projectionist.media.server import Connect
from projectionist.media.vocabulary import ListedLibrary, ServerKind
from projectionist.settings import Settings
from projectionist.web.config import ShellSettings
from projectionist.web.limits import API, HOME, SEARCH, SUGGEST, Limiter
from projectionist.web.ports import Identify, Permission, ReadinessCheck, WebFeature
from projectionist.web.shell import create_shell

if TYPE_CHECKING:
    from projectionist.demo.house import DemoHouse

_log = logging.getLogger(__name__)

_QUEUES = (
    library_jobs.QUEUE,
    *preview_jobs.QUEUES,
    *cache_jobs.QUEUES,
    backup_jobs.QUEUE,
    alerts.QUEUE,
    mail_jobs.QUEUE,
    webhooks.QUEUE,
)


class House:
    """The parts of one process, made from the settings and put together; nothing runs before `start`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        connect: Connect | None = None,
        connect_list: ConnectList | None = None,
    ) -> None:
        self.settings = settings
        self.database = database
        self.clock = SystemClock()
        self.events = Events(database)
        self.jobs = Engine(
            database,
            settings.data,
            node=settings.node,
            publish=self.events.publish,
            retention=timedelta(days=settings.job_retention_days),
        )
        self._demo: DemoHouse | None = None
        self._demo_lock = threading.Lock()
        self._own = OwnFolder(settings.data)
        self._recorded = partial(recorded_links, database)
        self._outbound = Outbound(own=OwnService(settings.host, settings.port))
        self._connecting = Connecting(
            client_id(settings.data),
            settings.plex_tv_url,
            partial(plex_tv_beside, settings.data / DEMO_HOUSE),
            self._outbound,
            self._recorded,
        )
        self.reach = self._open_reach(vault, connect)
        self.servers = servers.ServersHere(self.reach)
        self.place = self._open_previews()
        self.mailroom = open_mailroom(settings, database, self.jobs, self.clock.now)
        self.lists = self._open_lists(vault, connect_list)
        self.cache = self._open_cache()
        self.doctor = Doctor(
            self.ground,
            tell=self._tell_of_doctor,
            kept=settings.data / "doctor.json" if settings.workers > 1 else None,
        )
        oidc = partial(oidc_sign_in, settings, self._outbound)
        self.ways = open_ways(settings, database, vault, self.clock.now, self._connecting.plex_sign_in, oidc)
        self.metrics = sampling.Place(
            database, self.jobs, settings.data, self.clock.now, lambda: self.jobs.process
        )
        self.alerts = self._open_alerts(vault)
        self.webhooks = self._open_webhooks()
        self.setup = setup.SetupParts(self.reach, self._exclude, self._leave_out, self.start_demo)
        self.jobs.bring(self._every_kind(vault), _QUEUES)

    def _every_kind(self, vault: Vault) -> tuple[JobKind, ...]:
        return (
            *library_jobs.kinds(
                self.database,
                self.servers,
                self.events,
                self.jobs,
                on_synced=(self._on_synced,),
                answered=partial(servers.remember_answer, self.reach),
            ),
            *preview_jobs.kinds(self.place, self.jobs),
            *cache_jobs.kinds(self.cache, self.jobs),
            *backup_jobs.kinds(backups.Place.of(self.settings, self.database, lambda: vault, self.clock.now)),
            *mail_jobs.kinds(self.mailroom),
            *alerts.kinds(self.alerts),
            *webhooks.kinds(self.webhooks),
        )

    def _open_reach(self, vault: Vault, connect: Connect | None) -> servers.Reach:
        settings = self.settings
        return servers.Reach(
            database=self.database,
            vault=vault,
            connect=connect or self._connecting.server,
            node=settings.node,
            now=self.clock.now,
            syncs=ScheduledSyncs(self.jobs, settings.sync_interval),
            prove_plex_data=prove_plex_data,
            publish=self._publish,
            own=self._own,
            recorded=self._recorded,
        )

    def _open_previews(self) -> Workplace:
        settings, database = self.settings, self.database
        return Workplace(
            database=database,
            catalogue=LibraryIndex(database),
            servers=self.servers,
            publish=self._publish,
            node=settings.node,
            folder=settings.data / "previews",
            begin_with=Choices(
                interval_ms=settings.preview_interval_s * 1000,
                width=settings.preview_width,
                quality=settings.preview_quality,
            ),
            may_open=Confines(
                LibraryIndex(database), self.servers, self.servers.prefixes, self._recorded
            ).hold,
        )

    def _open_lists(self, vault: Vault, connect_list: ConnectList | None) -> Lists:
        every = self.settings.cache_list_refresh
        asked = connect_list or list_connector()
        return Lists(self.database, self.servers, vault, asked, self.clock, every)

    def _open_cache(self) -> cache_workplace.Workplace:
        return open_workplace(
            self.database,
            self.servers,
            self._publish,
            self.clock,
            node=self.settings.node,
            own=self._own,
            wishes=Wishes.of(self.settings),
            lists=self.lists,
        )

    def _open_alerts(self, vault: Vault) -> alerts_workplace.Workplace:
        return alerts.open_workplace(
            self.database,
            self.jobs,
            vault,
            partial(_connect_messenger, self._outbound),
            self.clock.now,
            self.events,
            WebPush.to_public(self._outbound, self.clock.now),
            self.settings.base_url,
        )

    def _open_webhooks(self) -> webhooks.Workplace:
        return webhooks.open_workplace(
            self.database, self.jobs, self.servers, read_told, self.clock.now, self.events, self._found
        )

    def web(self, identify: Identify | None = None) -> Litestar:
        """The pages and the API, for who is signed in, or for whom `identify` knows."""
        settings = self.settings
        people = SignedInPeople(self.database, self.clock, settings.session_idle, self.ways.proxy)
        return create_shell(
            features=self._features(),
            identify=identify or people,
            dependencies={
                "alerts": self.alerts,
                "cache": self.cache,
                "cache_lists": self.lists,
                "clock": self.clock,
                "database": self.database,
                "doctor": self.doctor,
                "events": self.events,
                "job_kinds": {kind.name: kind.label for kind in self.jobs.kinds.values()},
                "jobs": self.jobs,
                "mailroom": self.mailroom,
                "metrics": self.metrics,
                "people": people,
                "pictures": Pictures(self.database, self.servers, settings.data / "pictures"),
                "playing": Playing(self.database, self.servers),
                "previews": self.place,
                "pulse": Pulse(self.ground),
                "reach": self.reach,
                "servers": self.servers,
                "settings": settings,
                "setup_parts": self.setup,
                "showcase": Showcase(),
                "ways": self.ways,
                "belongings": {
                    "messengers": partial(messengers_kept_of, self.alerts),
                    "messages": partial(messages_kept_of, self.alerts),
                },
                "vault": self.reach.vault,
                "webhooks": self.webhooks,
            },
            settings=ShellSettings.of(settings, __version__),
            readiness=(ReadinessCheck("database", self._probe_database),),
            events=self.events,
            limiter=self._limiter(),
        )

    def _limiter(self) -> Limiter:
        settings = self.settings
        per_minute = {
            HOME.name: settings.page_rate,
            SEARCH.name: settings.page_rate,
            SUGGEST.name: settings.page_rate * 4,
            API.name: settings.api_rate,
        }
        return Limiter(self.database, self.clock, per_minute)

    def _features(self) -> Sequence[WebFeature]:
        return (
            home.web_feature(),
            library.web_feature(self.database),
            item.web_feature(),
            previews.web_feature(self.place),
            cache.web_feature(self.cache, self.jobs),
            operations.feature(self.jobs),
            doctor.web_feature(self.doctor),
            servers_web.feature(self.database),
            accounts.feature(),
            mail.feature(),
            audit_log.feature(),
            backups_web.feature(),
            metrics_web.web_feature(),
            alerts.web_feature(self.alerts),
            logs_web.web_feature(),
            webhooks.web_feature(),
        )

    def ground(self) -> Ground:
        """What the doctor looks at."""
        opened = Opened(
            settings=self.settings,
            now=self.clock.now,
            database=self.database,
            reach=self.reach,
            jobs=self.jobs,
            kinds=frozenset(self.jobs.kinds),
            cache=self._cache_facts,
            audit_cache=partial(
                cache_care.order_audit, self.jobs, "doctor", self.settings.cache_exclude_file
            ),
        )
        return doctor_opening.opened_ground(opened, probe)

    def _cache_facts(self) -> CacheFacts:
        audit = cache_care.care_now(self.jobs).audit
        return CacheFacts(
            tiers=tuple(
                TierFacts(one.name, one.root, one.room.left if one.room else None)
                for one in tiers_now(self.cache)
            ),
            open_findings=len(cache_care.findings(self.cache)),
            audited_at=audit.ended_at if audit else None,
            audit_error=audit.error if audit else "",
            exclude_file=self.settings.cache_exclude_file,
        )

    def start_demo(self) -> setup.Demo:
        """Open the demo house, and tell how it is reached; asked twice, it is the same."""
        from projectionist.demo.house import DemoHouse

        with self._demo_lock:
            if self._demo is None:
                self._demo = DemoHouse(self.settings.data / DEMO_HOUSE, playing=True).start()
            server = servers.NewServer(ServerKind.PLEX, self._demo.plex_url, self._demo.plex_token)
            return setup.Demo(server, self._demo.plex_data)

    def listen(self) -> Listening:
        """What hears the servers, not started yet."""

        def server_ids() -> list[int]:
            return [server.id for server in servers.all_servers(self.database)]

        def began(server_id: int, item_key: str) -> None:
            cache_service.played(self.cache, self.jobs)
            cache_service.note_play(self.cache, server_id, item_key)

        following = Following(began, partial(cache_service.play_ended, self.cache, self.jobs))
        return Listening(server_ids, self.servers, self.jobs, self.events.publish, on_playing=following.heard)

    def recover_cache(self) -> None:
        """End the moves that this node left unfinished; before anything else, and after every start."""
        for one in recover(self.cache):
            if one.reason:
                _log.warning("%s is not settled yet: %s", one.path, one.reason)

    def guard(self) -> Guarding:
        """What looks after the fast tiers of this node, not started yet."""
        return Guarding(self.cache, self.jobs)

    def keep_watch(self) -> tuple[sampling.Sampling, alerts.Beating]:
        """What keeps metrics, tells of alerts, and tells outside that we live; not started yet."""
        watching, beating = alerts.watching(self.alerts)
        return sampling.Sampling(self.metrics, samples=True, watch=watching), beating

    def report(self) -> sampling.Sampling:
        """What tells who keeps metrics of this process, not started yet."""
        return sampling.Sampling(self.metrics, samples=False)

    def follow_schedules(self) -> None:
        """Save the schedules that a new house begins with; one that somebody changed stays as it is."""
        known = {schedule.name for schedule in self.jobs.schedules()}
        for schedule in (*preview_jobs.SCHEDULES, *cache_jobs.SCHEDULES, *backup_jobs.SCHEDULES):
            if schedule.name not in known:
                self.jobs.save_schedule(schedule)

    def begin_syncs(self) -> None:
        """Read servers that were added and never read: from the command line, or by a start that was killed."""
        read = {library.server_id for library in libraries(self.database) if library.synced_at is not None}
        for server in servers.all_servers(self.database):
            if server.id not in read and not self.reach.syncs.begun(server.id):
                self.reach.syncs.start(server.id, "start")

    def reopen_demo(self) -> None:
        """Open the demo house again where it was chosen before."""
        if (self.settings.data / DEMO_HOUSE / "owner-token").exists():
            self.start_demo()

    def close(self) -> None:
        """Stop listening for events, and close the demo house."""
        if self._demo is not None:
            self._demo.close()
        self.events.close()

    def _publish(self, session: Session, topic: str, data: Mapping[str, Any]) -> None:
        self.events.publish(topic, data, session=session)

    def _exclude(self, server_id: int, listed: Sequence[ListedLibrary], keys: Collection[str]) -> None:
        choose_libraries(self.database, server_id, listed, keys, self.clock.now())

    def _leave_out(self, folders: str) -> None:
        upkeep.save_choices(self.place, self.jobs, None, {"left_out": folders}, asked_by="setup")

    def _on_synced(self, synced: Synced) -> None:
        upkeep.on_synced(self.place, self.jobs, synced.library_id)

    def _found(self) -> None:
        """What is new may be what somebody watches next: it is planned anew, once a plan was confirmed."""
        if cache_service.is_confirmed(self.jobs):
            cache_service.run(self.cache, self.jobs, "webhook", dry=False)

    def _tell_of_doctor(self) -> None:
        with suppress(DatabaseUnusable):  # the doctor's page says so
            self.events.publish("doctor", permission=Permission.MANAGE_SETTINGS.value)

    def _probe_database(self) -> None:
        schema.revision_of(self.database)


def _connect_messenger(outbound: Outbound, address: MessengerAddress) -> Messenger:
    if address.kind is MessengerKind.APPRISE:
        # 40 MB, for who has such a one
        from projectionist.integrations.messengers.services import AppriseMessenger

        return AppriseMessenger(address, outbound=outbound)
    return PostMessenger(address, outbound=outbound)
