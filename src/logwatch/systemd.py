"""Telling systemd how we are: the protocol of sd_notify(3), a datagram to the socket that it names."""

import socket


class Supervisor:
    """The service manager behind `address` ($NOTIFY_SOCKET); without one, nothing is said to nobody.

    `watchdog_s` is the interval in which it wants to hear from us, 0 for never.
    """

    def __init__(self, address: str, watchdog_usec: str = "") -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        # Half the interval, as sd_watchdog_enabled(3) recommends.
        self.watchdog_s = int(watchdog_usec) / 2e6 if watchdog_usec.isdigit() else 0.0

    def say(self, *lines: str) -> None:
        """Sends state assignments such as `READY=1`; a manager that does not listen is no reason to fail."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            return
