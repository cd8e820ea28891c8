"""Whether a partition's state is whole and of the topic that is read: what is looked at before anything is folded."""

from dataclasses import dataclass

from streams.errors import ContractError

AFRESH = "raise kafka.generation, and give the workers a new kafka.group_prefix"


@dataclass(frozen=True)
class Standing:
    """Offsets of one partition: ``applied`` by the state, ``committed`` by the group, ``end`` of the topic's log, and
    ``changelog_begin``, where the changelog's log begins. -1 and 0 where there is none.
    """

    topic: str
    partition: int
    changelog: str
    applied: int
    committed: int
    end: int
    changelog_begin: int

    def check(self) -> None:
        """Raises ContractError where folding on would give other rows than the log does.

        Offsets are committed after the changelog (invariant 5), so a state behind them has lost records. Compaction
        keeps a log's first offset, which only the deletion of records moves.
        Source: kafka.apache.org/documentation/#compaction
        """
        if self.end <= self.applied:
            raise ContractError(
                f"{self.topic}[{self.partition}] ends at {self.end}, but offset {self.applied} was folded:"
                " the topic was made anew",
                AFRESH,
            )
        if self.changelog_begin > 0:
            raise self._lost(f"begins at offset {self.changelog_begin}: records were deleted from it")
        if self.committed > self.applied + 1:
            raise self._lost(
                f"tells of {self.topic} up to offset {self.applied}, but everything before {self.committed} is"
                " committed: it was emptied or made anew"
            )

    def _lost(self, what: str) -> ContractError:
        return ContractError(
            f"{self.changelog}[{self.partition}] {what}, so open sessions are lost",
            f"its cleanup.policy must be `compact` alone; to fold {self.topic} again from its beginning, {AFRESH}",
        )
