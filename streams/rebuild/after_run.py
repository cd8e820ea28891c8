"""The rebuild that ends a run into a store that holds data: the run began with empty state (design.md §6 rule 10)."""

from collections.abc import Sequence

from clickhouse_driver import Client

from streams.rebuild.job import open_job
from streams.rebuild.report import Report
from streams.rebuild.scope import of_generations
from streams.settings import Settings
from streams.warehouse.client import qualified
from streams.warehouse.generations import mark_rebuilt, not_rebuilt
from streams.warehouse.target import Target

WAIT = 600
"""Seconds for the end of a rebuild that is under way."""


async def rebuild_after_run(client: Client, target: Target, settings: Settings) -> Report:
    """Join what this run and those before it made of the same visitors, those that died among them.

    Late events stay as they are: whether one is adopted must not depend on how often a file is loaded. The first run
    of a store changes nothing. Raises StoreError and what the driver raises; then the next run does it.
    """
    database = target.clickhouse.database
    report = Report(dry_run=False)
    own = settings.kafka.generation
    generations = sorted({*not_rebuilt(client, database), own})
    apps = _apps(client, database, generations)
    if apps:
        async with open_job(target, settings, adopts=False, wait=WAIT) as job:
            for app_id in apps:
                await job.rebuild(of_generations(app_id, generations), report)
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
