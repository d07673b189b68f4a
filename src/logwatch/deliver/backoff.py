"""How long to wait after failures in a row."""

from collections.abc import Callable

BASE_S = 2.0
CAP_S = 600.0


def full_jitter(
    failures: int, random: Callable[[], float], *, base_s: float = BASE_S, cap_s: float = CAP_S
) -> float:
    """Seconds to wait after `failures` (from 1): anywhere up to `base_s`, doubled each time, up to `cap_s`.

    `random` gives numbers from 0 to 1. Spread over the whole range, five hundred nodes that failed together
    do not come back together.
    """
    # Beyond 2**30 the cap has long been reached; a float would overflow at 2**1024.
    return random() * min(cap_s, base_s * 2.0 ** min(failures - 1, 30))
