"""Hypothesis' profiles: the everyday one; ``ci``, the same examples each time; ``long``, for a night.

``pytest --hypothesis-profile=long`` chooses one. None has a deadline: a busy machine is no bug.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("everyday", deadline=None)
settings.register_profile(
    "ci", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "everyday")
