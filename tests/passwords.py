"""Passwords that the house takes, for every test that needs one."""

from __future__ import annotations

PASSWORD = "A warm beam of light, 35 mm"
ANOTHER = "Quite another beam, 70 mm"
