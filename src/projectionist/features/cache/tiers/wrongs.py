"""What is wrong with a form, gathered so that its owner hears of every field at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from projectionist.errors import InputsWrong, InputWrong


class Wrongs:
    """Gathers errors of fields; of each field the first is kept."""

    def __init__(self, known: Iterable[InputWrong] = ()) -> None:
        self._found: dict[str, InputWrong] = {}
        for one in known:
            self._found.setdefault(one.field, one)

    @property
    def found(self) -> tuple[InputWrong, ...]:
        """What was gathered so far."""
        return tuple(self._found.values())

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Go on after what is wrong with a field, which is kept for later."""
        try:
            yield
        except InputWrong as error:
            for one in error.each:
                self._found.setdefault(one.field, one)

    def tell(self) -> None:
        """Raises InputWrong where anything is wrong."""
        if len(self._found) == 1:
            raise self.found[0]
        if self._found:
            raise InputsWrong(*self.found)
