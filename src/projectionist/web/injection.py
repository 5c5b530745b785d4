"""How a handler asks for what the program gives it."""

from __future__ import annotations

from typing import Annotated, TypeAlias, TypeVar

from litestar.di import Dependency
from litestar.params import SkipValidationMarker

T = TypeVar("T")

Injected: TypeAlias = Annotated[T, Dependency(kind="named"), SkipValidationMarker()]
"""`jobs: Injected[Jobs]`: what the program keeps under the parameter's name, as it is.

Without it Litestar would check the value against the type, which for a protocol it cannot.
"""
