"""Child processes that end with us, whatever ends us."""

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> Callable[[], None]:
    """A ``preexec_fn``: the kernel kills the child when the thread that started it ends, even by SIGKILL.

    Source: prctl(2), PR_SET_PDEATHSIG. A parent that died before the call is noticed by the changed parent id.
    """
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
