"""All faults that run in a world of processes and proxies, by their names."""

from collections.abc import Mapping

from tests.faults.broker_faults import BROKER_FAULTS
from tests.faults.fault import Fault
from tests.faults.network_faults import NETWORK_FAULTS
from tests.faults.soak import SOAK
from tests.faults.store_faults import STORE_FAULTS
from tests.faults.worker_faults import WORKER_FAULTS

FAULTS: Mapping[str, Fault] = {
    fault.name: fault for fault in (*WORKER_FAULTS, *BROKER_FAULTS, *STORE_FAULTS, *NETWORK_FAULTS, SOAK)
}
