"""Whether a partition's state is whole and of the topic that is read: what is looked at before anything is folded."""

from dataclasses import dataclass

from streams.errors import ContractError

AFRESH = "raise kafka.generation, and give the workers a new kafka.group_prefix"


@dataclass(frozen=True)
class Standing:
    """Offsets of one partition: ``applied`` by the state, ``committed`` by the group, ``begin`` and ``end`` of the
    topic's log, and ``changelog_begin``, where the changelog's log begins. -1 and 0 where there is none.
    """

    topic: str
    partition: int
    changelog: str
    applied: int
    committed: int
    begin: int
    end: int
    changelog_begin: int

    @property
    def unread(self) -> int:
        """Records that were deleted before they were folded, and that only the state tells of.

        A group without members forgets its offsets; where it has one, the consumer counts them itself.
        Source: kafka.apache.org/documentation/#brokerconfigs_offsets.retention.minutes
        """
        is_told = self.applied < 0 or self.committed > 0
        return 0 if is_told else max(0, self.begin - self.applied - 1)

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
