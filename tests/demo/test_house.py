"""The demo house opens, is found again, repairs itself, and keeps to itself."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from projectionist.demo.films import is_complete
from projectionist.demo.house import DemoHouse, make_house_media
from projectionist.demo.programme import house_films
from projectionist.errors import TargetUnwritable
from projectionist.features.previews.service import HouseOptions  # noqa: F401


@pytest.fixture
def client(house: DemoHouse) -> Iterator[httpx2.Client]:
    headers = {"X-Plex-Token": house.plex_token, "Accept": "application/json"}
    with httpx2.Client(base_url=house.plex_url, headers=headers, timeout=5) as opened:
        yield opened
