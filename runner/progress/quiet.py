"""The reader that shows nothing."""

from runner.progress.events import Event


class QuietReader:
    """Takes every event and writes nothing."""

    def event(self, event: Event) -> None:
        """Nothing is shown of any event."""

    def close(self) -> None:
        """Nothing is held."""
