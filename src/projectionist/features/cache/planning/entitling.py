"""Who may ask for what: what is excluded, caps of items and people, and a fair share of the room for each.

All of it follows from what files are worth and not from what is on the fast disks, so that a plan that was carried out
leaves it as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from projectionist.features.cache.planning.ground import Limits, Map, Place
from projectionist.features.cache.sizes import shown_size
from projectionist.features.cache.wanting.wants import WHOLE, Source, Want

_LASTING = frozenset({Source.PLAYING, Source.PIN})


@dataclass(frozen=True, slots=True)
class Claim:
    """A want of the file whose original is at `path`. `voters` are the accounts whose word counts for it.

    `has_share` is false where each of them has had their share of the room by what they want more.
    """

    path: Path
    want: Want
    place: Place
    voters: frozenset[int]
    has_share: bool = True

    @property
    def is_lasting(self) -> bool:
        """Whether it is played or pinned."""
        return not self.want.sources.isdisjoint(_LASTING)


@dataclass(frozen=True, slots=True)
class Claims:
    """Those that may be met, by the paths of their originals, and why the others may not."""

    claims: Mapping[Path, Claim]
    barred: Mapping[Path, tuple[Want, str]]

    def without(self, paths: Collection[Path]) -> Claims:
        """Those of other files."""
        return Claims(
            {path: one for path, one in self.claims.items() if path not in paths},
            {path: one for path, one in self.barred.items() if path not in paths},
        )


@dataclass(slots=True)
class _Bar:
    """Collects what may not be met."""

    names: Mapping[int, str]
    barred: dict[Path, tuple[Want, str]]

    def name(self, account: int) -> str:
        return self.names.get(account, f"account {account}")


def entitle(
    wants: Sequence[Want], ground: Map, limits: Limits, room: int, names: Mapping[int, str]
) -> Claims:
    """Sort wants into those that may be met out of `room` bytes, and the others. `names` are those of accounts."""
    bar = _Bar(names, {})
    claims = [claim for claim in _merged(wants, ground, bar) if _may_come(claim, limits, bar)]
    claims = _within_caps([_heard(claim, limits) for claim in claims], limits, bar)
    return Claims({claim.path: claim for claim in _shared(claims, room)}, bar.barred)


def _merged(wants: Sequence[Want], ground: Map, bar: _Bar) -> list[Claim]:
    """One claim for each file, though several servers may list it."""
    found: dict[Path, Claim] = {}
    for want in sorted(wants, key=_first):
        where = ground.find(want.file.path, want.file.library_id)
        if where is None:
            bar.barred.setdefault(want.file.path, (want, "None of its folders is cached on this node."))
            continue
        place, path = where
        known = found.get(path)
        if known is None:
            found[path] = Claim(path, want, place, want.accounts)
            continue
        both = replace(
            known.want,
            sources=known.want.sources | want.sources,
            accounts=known.want.accounts | want.accounts,
            soon=max(known.want.soon, want.soon),
            pays=known.want.pays or want.pays,
        )
        found[path] = replace(known, want=both, voters=both.accounts)
    return list(found.values())


def _may_come(claim: Claim, limits: Limits, bar: _Bar) -> bool:
    item = limits.items.get(claim.want.file.item_id)
    library = limits.libraries.get(claim.place.library_id)
    most = item.most if item is not None and item.most is not None else limits.item_most
    if item is not None and item.excluded:
        why = "It is excluded."
    elif library is not None and library.excluded:
        why = "Its library is excluded."
    elif claim.voters and not claim.is_lasting and not _unsilenced(claim, limits):
        names = ", ".join(sorted(bar.name(one) for one in claim.voters))
        why = f"Only {names} may want it, and they are excluded."
    elif most is not None and claim.want.file.size > most:
        why = f"It is larger than {shown_size(most)}, the most for one item."
    else:
        return True
    bar.barred[claim.path] = (claim.want, why)
    return False


def _unsilenced(claim: Claim, limits: Limits) -> frozenset[int]:
    return frozenset(
        one for one in claim.voters if (cap := limits.accounts.get(one)) is None or not cap.excluded
    )


def _heard(claim: Claim, limits: Limits) -> Claim:
    return replace(claim, voters=_unsilenced(claim, limits))


def _within_caps(claims: list[Claim], limits: Limits, bar: _Bar) -> list[Claim]:
    """Take the word of each account for no more than its cap; what then nobody asks for is barred."""
    most = {one: cap.most for one, cap in limits.accounts.items() if cap.most is not None}
    heard = _who_affords(claims, most)
    left = []
    for claim in claims:
        voters = claim.voters & heard[claim.path]
        if voters or not claim.voters or claim.is_lasting:
            left.append(replace(claim, voters=voters))
        else:
            names = ", ".join(sorted(bar.name(one) for one in claim.voters))
            bar.barred[claim.path] = (claim.want, f"What {names} may take at most is used up.")
    return left


def _shared(claims: list[Claim], room: int) -> list[Claim]:
    """Mark what goes beyond the fair share of everybody who asks for it; one person alone may have it all."""
    voters = {one for claim in claims for one in claim.voters}
    if len(voters) < 2:
        return claims
    share = room // len(voters)
    heard = _who_affords(claims, dict.fromkeys(voters, share))
    return [
        replace(
            claim, has_share=claim.is_lasting or not claim.voters or bool(claim.voters & heard[claim.path])
        )
        for claim in claims
    ]


def _who_affords(claims: Iterable[Claim], most: Mapping[int, int]) -> dict[Path, set[int]]:
    """Who can pay for what out of `most` bytes, buying what they want most first.

    Those who want the same share its price, and what somebody cannot afford they pass over.
    """
    spent: dict[int, int] = defaultdict(int)
    found: dict[Path, set[int]] = {}
    for claim in sorted(claims, key=lambda claim: (-claim.want.worth, claim.path)):
        payers = found[claim.path] = set(claim.voters)
        price = -(-claim.want.file.size // max(1, len(claim.voters)))
        for account in claim.voters & most.keys():
            if spent[account] + price > most[account]:
                payers.discard(account)
            else:
                spent[account] += price
    return found


def _first(want: Want) -> tuple[bool, float, Path, int]:
    return (
        Source.PIN not in want.sources and want.score < WHOLE,
        -want.worth,
        want.file.path,
        want.file.part_id,
    )
