"""All faults that run in a world of processes and proxies, by their names."""

from collections.abc import Mapping

from tests.faults.fault import Fault
from tests.faults.worker_faults import WORKER_FAULTS

FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in (*WORKER_FAULTS,)}
