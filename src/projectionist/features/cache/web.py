"""What the cache brings to the web: pages, the API, and panels on shared pages."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.cache import api, pages
from projectionist.features.cache.care_api import CARE_API
from projectionist.features.cache.care_pages import CARE_ROUTES
from projectionist.features.cache.list_api import LIST_API
from projectionist.features.cache.list_pages import LIST_ROUTES
from projectionist.features.cache.panels import panels
from projectionist.features.cache.simulator_api import SIMULATOR_API
from projectionist.features.cache.simulator_pages import SIMULATOR_ROUTES
from projectionist.features.cache.source_pages import SOURCE_ROUTES
from projectionist.features.cache.tier_api import TIER_API
from projectionist.features.cache.tier_pages import TIER_ROUTES
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import Jobs
from projectionist.web.ports import NavEntry, Permission, WebFeature


def web_feature(cache: Workplace, jobs: Jobs) -> WebFeature:
    """The cache's part of the web; handlers are given `cache` (a Workplace), `cache_lists`, `jobs` and `settings`."""
    return WebFeature(
        name="cache",
        handlers=(
            *api.HANDLERS,
            *pages.HANDLERS,
            *TIER_ROUTES,
            *TIER_API,
            *SOURCE_ROUTES,
            *LIST_ROUTES,
            *LIST_API,
            *CARE_ROUTES,
            *CARE_API,
            *SIMULATOR_ROUTES,
            *SIMULATOR_API,
        ),
        templates=Path(__file__).parent / "templates",
        nav=(NavEntry("Cache", "/cache", "zap", 35, Permission.MANAGE_CACHE),),
        panels=panels(cache, jobs),
    )
