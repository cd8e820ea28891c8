"""The matrix: every fault by its number and name, in the words of the page."""

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "F1": "kill -9 of workers at random moments",
    "F2": "kill -9 at named points between and amid the effects",
    "F3": "SIGTERM amid a batch, a second one, the grace is over",
    "F4": "the broker is killed and started again, or frozen",
    "F5": "ClickHouse away for minutes while the lag grows",
    "F6": "ClickHouse hangs for longer than a poll interval",
    "F7": "ClickHouse slow: 2 to 30 s an insert",
    "F8": "ClickHouse's answer is lost after the insert",
    "F9": "ClickHouse refuses: read-only, too many parts, no space, no memory",
    "F10": "a storm of rebalances",
    "F11": "zombies: work that goes on after its partitions have moved",
    "F12": "partitions added, topics deleted and made anew",
    "F13": "poison among good records",
    "F14": "nothing but poison",
    "F15": "copies of events from producers",
    "F16": "out of order, late, from the future, skewed clocks",
    "F17": "the broker's disk full, transactions, compaction",
    "F18": "the network: cut, half open, slow, resets",
    "F19": "the state's disk full, spoilt, lost, locked",
    "F20": "the changelog truncated or emptied, death amid recovery",
    "F21": "out of memory, decompression bombs",
    "F22": "data of enrichments missing, spoilt, changed amid a batch",
    "F23": "records deleted before they were read",
    "F24": "two deployments of different configuration in one group",
    "F25": "an hour of everything",
}
LOUD = ("F12", "F20", "F23")
"""Where something may be lost, if it is counted and told."""
