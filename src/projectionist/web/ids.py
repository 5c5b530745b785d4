"""Numbers of things in addresses: those that a database can hold, others being answered with a sentence."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from litestar.params import PathParameter

Id: TypeAlias = Annotated[int, PathParameter(ge=1, le=2**63 - 1)]
"""Of what is kept with 64 bits."""
