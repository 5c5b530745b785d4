"""What PlexCache-D and Cacherr leave on the disks, and in their own folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from projectionist.features.cache.adopting.moving_in import Adoptable, adopt, look_over
from projectionist.features.cache.adopting.rivals import Rival, find_rivals
from projectionist.features.cache.adopting.taking_over import TakenOver
from projectionist.features.cache.models import Layout
from projectionist.features.cache.spots import Spot
from tests.features.cache.auditing.ward import FILM, Ward


def cached_by_rival(
    ward: Ward, name: str = FILM, content: bytes | None = None, *, hidden: bool = False, backup: str = ""
) -> tuple[Spot, Path, bytes]:
    """A file that another program cached: copied, renamed beside itself, and linked where there is no union."""
    path = ward.stage.film(name, content or b"")
    spot = ward.spot(path)
    spot.fast.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, spot.fast)
    aside = path.with_name(backup or f"{'.' if hidden else ''}{path.name}.plexcached")
    good = path.read_bytes()
    path.rename(aside)
    if ward.layout is Layout.SYMLINK:
        path.symlink_to(spot.fast)
    return spot, aside, good


def write_plexcache_d(folder: Path, ward: Ward, **more: Any) -> Path:
    """Its folder, as version 3 writes it; both programs end folders with a slash."""
    real, fast = f"{ward.stage.slow}/", f"{ward.stage.fast}/"
    settings: Mapping[str, Any] = {
        "PLEX_URL": "http://plex:32400",
        "PLEX_TOKEN": "secret-token",
        "valid_sections": [1, 2],
        "path_mappings": [
            {
                "name": "Films",
                "plex_path": "/media/films/",
                "real_path": real,
                "cache_path": fast,
                "host_cache_path": "/mnt/cache_downloads/films/",
                "cacheable": True,
                "enabled": True,
                "section_id": 1,
            },
            {"name": "Off", "real_path": "/mnt/user/off/", "cache_path": None, "cacheable": False},
        ],
        "cache_dir": fast,
        "cache_limit": "80%",
        "plexcache_quota": "500GB",
        "min_free_space": "",
        "cache_retention_hours": 12,
        "number_episodes": 10,
        "max_concurrent_moves_cache": 5,
        "use_symlinks": ward.layout is Layout.SYMLINK,
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plexcache_settings.json").write_text(json.dumps(settings, indent=4))
    return folder


def looked_over(ward: Ward, folder: Path) -> Adoptable:
    return look_over(ward.care, find_rivals(folder), lambda: None)


def moved_in(ward: Ward, rivals: tuple[Rival, ...] = ()) -> list[TakenOver]:
    return list(adopt(ward.care, look_over(ward.care, rivals, lambda: None)))
