"""How fast one receiver is spoken to."""

# Slack takes about one message a second for a channel and bears short bursts.
RATE_PER_S = 1.0
BURST = 3


class TokenBucket:
    """Lets `burst` messages pass at once and then `rate_per_s`. Times are seconds; they may jump back."""

    __slots__ = ("_burst", "_filled_at", "_rate_per_s", "_tokens")

    def __init__(self, rate_per_s: float = RATE_PER_S, burst: int = BURST) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = float(burst)
        self._filled_at: float | None = None

    def wait_s(self, now: float) -> float:
        """Seconds until the next message may pass; 0 when it may at once."""
        self._fill(now)
        return max(0.0, (1.0 - self._tokens) / self._rate_per_s)

    def take(self, now: float) -> None:
        """Counts a message that passes."""
        self._fill(now)
        self._tokens -= 1.0

    def _fill(self, now: float) -> None:
        if self._filled_at is not None:
            gained = max(0.0, now - self._filled_at) * self._rate_per_s
            self._tokens = min(float(self._burst), self._tokens + gained)
        self._filled_at = now
