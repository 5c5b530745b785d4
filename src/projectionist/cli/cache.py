"""`projectionist cache`: what is on the fast disk before anybody presses play."""

from __future__ import annotations

import typer

from projectionist.cli import cache_care, cache_lists, cache_plan, cache_run, cache_simulate, cache_tiers

app = typer.Typer(
    no_args_is_help=True,
    help="The fast cache: set it up, run it, look after it, and try what it would come to.",
)


@app.callback()
def cache() -> None:
    """The fast cache."""


for verb in (
    *(cache_simulate.simulate, cache_simulate.household),
    *(cache_plan.plan, cache_plan.pin, cache_plan.unpin, cache_plan.pins),
    *(cache_run.run, cache_run.restore, cache_run.history, cache_run.undo),
    *(cache_care.audit, cache_care.scrub, cache_care.adopt),
    *(cache_care.rests, cache_care.take_back),
):
    app.command()(verb)
app.add_typer(cache_tiers.tiers, name="tiers")
app.add_typer(cache_tiers.places, name="places")
app.add_typer(cache_lists.lists, name="lists")
