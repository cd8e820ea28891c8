"""How far this process has committed each partition, and what it means where a log ends before that."""

from collections.abc import Mapping

from faust.types import TP

from streams.errors import ContractError


def made_anew(tp: TP, end: int, wanted: int) -> ContractError:
    """What to tell when a log ends before where we read it."""
    return ContractError(
        f"{tp.topic}[{tp.partition}] ends at {end}, but everything before {wanted} was read: the topic was made anew",
        "raw: raise kafka.raw_incarnation; enriched: raise kafka.generation; both with a new kafka.group_prefix",
    )


class Reached:
    """Offsets that a broker took, over rebalances: Faust forgets them then, and notes those that were refused too."""

    def __init__(self) -> None:
        self._offsets: dict[TP, int] = {}

    def note(self, committed: Mapping[TP, int]) -> None:
        """The broker took these, or told them."""
        for tp, offset in committed.items():
            self._offsets[tp] = max(offset, self._offsets.get(tp, 0))

    def wanted(self, tp: TP, committed: int | None) -> int:
        """Before which offset everything was read: the group's ``committed``, else our own; 0 where nothing was."""
        return committed or self._offsets.get(tp, 0)

    def refusal(self, tp: TP, committed: int | None, end: int) -> ContractError | None:
        """Why the log of ``tp`` cannot be read on; None where it can.

        One that ends before what was committed was made anew: its first records would be taken for old ones. So was one
        of which the group has forgotten what we committed: offsets go with their topic.
        """
        wanted = self.wanted(tp, committed)
        is_other = 0 <= end < wanted or (wanted > 0 and not committed)
        return made_anew(tp, end, wanted) if is_other else None
