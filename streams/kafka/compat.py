"""What we use of Faust and aiokafka beyond their public interface, checked when this package is imported."""

import importlib
import inspect
from importlib.metadata import version

from streams.errors import ContractError

FAUST = "faust-streaming"
AIOKAFKA = "aiokafka"

# library, module, dotted name, parameters that must be there (None: it only has to exist)
_USED: tuple[tuple[str, str, str, tuple[str, ...] | None], ...] = (
    (FAUST, "faust.app.base", "App._new_transport", ("self",)),
    (FAUST, "faust.app.base", "App._on_partitions_revoked", ("self", "revoked")),
    (FAUST, "faust.app.base", "App._consumer_wait_empty", ("self", "consumer", "logger")),
    (FAUST, "faust.app.base", "App._stop_consumer", ("self",)),
    (FAUST, "faust.transport.consumer", "Consumer.getmany", ("self", "timeout")),
    (FAUST, "faust.transport.consumer", "Consumer._wait_next_records", ("self", "timeout")),
    (FAUST, "faust.transport.consumer", "Consumer._get_active_partitions", ("self",)),
    (FAUST, "faust.transport.consumer", "Consumer._getmany", ("self", "active_partitions", "timeout")),
    (FAUST, "faust.transport.consumer", "Consumer._add_gap", ("self", "tp", "offset_from", "offset_to")),
    (FAUST, "faust.transport.consumer", "Consumer._new_offset", ("self", "tp")),
    (FAUST, "faust.transport.consumer", "Consumer._should_commit", ("self", "tp", "offset")),
    (FAUST, "faust.transport.consumer", "Consumer._filter_tps_with_pending_acks", ("self", "topics")),
    (FAUST, "faust.transport.consumer", "Consumer._drain_messages", ("self", "fetcher")),
    (FAUST, "faust.transport.consumer", "Consumer._clean_unacked_messages", ("self",)),
    (FAUST, "faust.transport.consumer", "Consumer._wait_for_ack", ("self", "timeout")),
    (FAUST, "faust.transport.consumer", "Consumer.maybe_wait_for_commit_to_finish", ("self",)),
    (FAUST, "faust.transport.consumer", "Consumer.perform_seek", ("self",)),
    (FAUST, "faust.transport.consumer", "Consumer.seek_to_committed", ("self",)),
    (FAUST, "faust.transport.consumer", "Consumer.seek", ("self", "partition", "offset")),
    (FAUST, "faust.transport.consumer", "Consumer.on_partitions_revoked", ("self", "revoked")),
    (FAUST, "faust.transport.consumer", "Consumer.on_buffer_drop", ("self", "tp")),
    (FAUST, "faust.transport.consumer", "Consumer.wait_empty", ("self",)),
    (FAUST, "faust.transport.consumer", "Consumer.ack", ("self", "message")),
    (FAUST, "faust.transport.drivers.aiokafka", "Consumer._new_consumer_thread", ("self",)),
    (FAUST, "faust.transport.drivers.aiokafka", "Consumer._to_message", ("self", "tp", "record")),
    (FAUST, "faust.transport.drivers.aiokafka", "AIOKafkaConsumerThread._ensure_consumer", ("self",)),
    (FAUST, "faust.transport.drivers.aiokafka", "Transport.Consumer", None),
    (FAUST, "faust.types.tuples", "ack_lock", None),
    (FAUST, "faust.types.tuples", "ConsumerMessage.on_final_ack", ("self", "consumer")),
    (FAUST, "faust.serializers.schemas", "Schema.compile", ("self", "app")),
    (FAUST, "faust.tables.recovery", "Recovery.on_rebalance", ("self", "assigned", "revoked", "newly_assigned")),
    (FAUST, "faust.tables.recovery", "Recovery._add", ("self", "table", "tp", "offsets")),
    (FAUST, "faust.tables.manager", "TableManager._update_channels", ("self",)),
    (FAUST, "faust.tables.base", "Collection.apply_changelog_batch", ("self", "batch")),
    (FAUST, "faust.tables.base", "Collection._changelog_topic_name", ("self",)),
    (FAUST, "faust.tables.base", "Collection._new_changelog_topic", ("self",)),
    (FAUST, "faust.tables.base", "Collection.on_recovery_completed", ("self", "active_tps", "standby_tps")),
    (FAUST, "faust._cython.streams", "StreamIterator", None),
    (
        AIOKAFKA,
        "aiokafka.consumer.fetcher",
        "Fetcher._proc_fetch_request",
        ("self", "assignment", "node_id", "request"),
    ),
    (AIOKAFKA, "aiokafka.consumer.subscription_state", "SubscriptionState.fetch_context", ("self",)),
    (AIOKAFKA, "aiokafka.consumer.consumer", "AIOKafkaConsumer.seek_to_committed", ("self",)),
    (AIOKAFKA, "aiokafka.producer.transaction_manager", "TransactionManager.set_pid_and_epoch", ("pid", "epoch")),
    (AIOKAFKA, "aiokafka", "AIOKafkaProducer.create_batch", ("self",)),
    (AIOKAFKA, "aiokafka", "AIOKafkaProducer.send_batch", ("self", "batch", "topic", "partition")),
)


def check_libraries() -> None:
    """Raise ContractError when a name we use is gone or takes other parameters than those we checked."""
    for library, module, name, parameters in _USED:
        _check(library, module, name, parameters)


def _check(library: str, module: str, name: str, parameters: tuple[str, ...] | None) -> None:
    try:
        found: object = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise _broken(library, f"{module}.{name} is not there") from error
    if parameters is None:
        return
    if not callable(found):
        raise _broken(library, f"{module}.{name} is no function")
    missing = [each for each in parameters if each not in inspect.signature(found).parameters]
    if missing:
        raise _broken(library, f"{module}.{name} has no parameter {', '.join(missing)}")


def _broken(library: str, what: str) -> ContractError:
    return ContractError(
        f"{library} {version(library)}: {what}",
        f"install the {library} that thalweg's lock file pins",
    )
