"""The partitions of a worker share the limits of its batches."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from faust.types import TP, EventT

from streams.kafka.app import make_app
from streams.kafka.consumer import BatchConsumer
from streams.kafka.dispatch import Dispatcher
from streams.kafka.lane import Limits
from streams.settings import Settings
from tests.kafka.records import piece
from tests.kafka.test_lane import HOUR, Delivered

WHOLE = Limits(40_000, 64 << 20, HOUR)


@pytest.mark.parametrize(("shared", "of_two"), [(True, Limits(20_000, 32 << 20, HOUR)), (False, WHOLE)])
def test_each_lane_has_its_share_while_there_are_others(shared: bool, of_two: Limits, tmp_path: Path) -> None:
    """Slices are cut by it too; who is left alone has all again."""

    async def work(_partition: int, _slices: object) -> None:
        """Nothing."""

    async def story() -> None:
        app = make_app("enrich", Settings(data_dir=tmp_path))
        consumer = cast("BatchConsumer", app.consumer)
        dispatcher = Dispatcher(app, "t", work, WHOLE, shared=shared)
        for partition, limits in ((0, WHOLE), (1, of_two)):
            dispatcher._accept(cast("EventT[Any]", Delivered(piece(0, 1, partition=partition))))
            assert app.batch_topics["t"] == limits
            assert {lane._limits for lane in dispatcher._lanes.values()} == {limits}
        await dispatcher.forget({TP("t", 0)})
        assert app.batch_topics["t"] == WHOLE
        assert [lane._limits for lane in dispatcher._lanes.values()] == [WHOLE]
        await dispatcher.stop()
        consumer._own_thread.thread_loop.close()

    asyncio.run(story())
