"""The rebuild that ends a run into a store that holds data: the run began with empty state (design.md §6 rule 10)."""

from collections.abc import Sequence

from clickhouse_driver import Client

from streams.rebuild.rebuild import Plan, run_rebuild
from streams.rebuild.report import Report
from streams.rebuild.scope import of_generations
from streams.rebuild.writing import open_sink
from streams.sessionize.options import make_options_of
from streams.settings import Settings
from streams.warehouse.client import qualified
from streams.warehouse.generations import mark_rebuilt, not_rebuilt
from streams.warehouse.target import Target


async def rebuild_after_run(client: Client, target: Target, settings: Settings) -> Report:
    """Join what this run and those before it made of the same visitors, those that died among them.

    Late events stay as they are: whether one is adopted must not depend on how often a file is loaded. The first run
    of a store changes nothing. Raises StoreError and what the driver raises; then the next run does it.
    """
    database = target.clickhouse.database
    report = Report(dry_run=False)
    own = settings.kafka.generation
    generations = sorted({*not_rebuilt(client, database), own})
    options_of = make_options_of(settings.sessions, settings.apps)
    async with open_sink(target, max(generations, default=1)) as store:
        for app_id in _apps(client, database, generations):
            plan = Plan(of_generations(app_id, generations), options_of, adopts=False)
            await run_rebuild(plan, client, database, store, report)
    # in a folder nobody else runs; in a ClickHouse by URL another run may be under way, and is not done
    mark_rebuilt(client, database, generations if target.folder else [own])
    return report


def _apps(client: Client, database: str, generations: Sequence[int]) -> list[str]:
    """The apps these generations wrote events of; none where no other generation has written any."""
    if not generations:
        return []
    among = {"generations": tuple(generations)}
    ((others,),) = client.execute(
        qualified(
            "SELECT count() FROM {database}.generations WHERE kind = 'enriched' AND generation NOT IN %(generations)s",
            database,
        ),
        among,
    )
    if not others and len(generations) == 1:
        return []
    rows = client.execute(
        qualified(
            "SELECT DISTINCT app_id FROM {database}.events WHERE bitShiftRight(version, 48) IN %(generations)s"
            " ORDER BY app_id",
            database,
        ),
        among,
    )
    return [app_id for (app_id,) in rows]
