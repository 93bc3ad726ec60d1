"""How much of a call's messages waits for a reader on another thread; where it is much, the call is held."""

import threading
from typing import Protocol

# Bytes that may wait until the call is held, and at which it is let go again.
MOST, LEAST = 8 << 20, 1 << 20


class Held(Protocol):
    """What can be held: a `Call`."""

    def hold(self) -> None: ...

    def release(self) -> None: ...


class Backlog:
    """Counts bytes that were put into a queue and taken out of it. Any thread may call it."""

    def __init__(self) -> None:
        self.call: Held | None = None
        """The call that the messages come from, as soon as it is known."""
        self._lock = threading.Lock()
        self._waiting = 0
        self._held = False

    def put(self, size: int) -> None:
        """A message of so many bytes was queued."""
        with self._lock:
            self._waiting += size
            if self._waiting > MOST and not self._held and self.call is not None:
                self._held = True
                self.call.hold()

    def taken(self, size: int) -> None:
        """It was taken out of the queue."""
        with self._lock:
            self._waiting -= size
            if self._waiting < LEAST and self._held and self.call is not None:
                self._held = False
                self.call.release()
