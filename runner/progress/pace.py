"""How often the progress of a transfer is worth a line: the limits of buildctl's display."""

from runner.progress.events import Transfer

# A transfer is shown again after this share of its total, or this time (nanoseconds).
MIN_SHARE = 0.05
MIN_TIME = 5_000_000_000
# The first line of a transfer that counts bytes waits this long, so that a short one is one line.
FIRST_TIME = 100_000_000


class Pace:
    """Decides which of the daemon's reports of transfers are shown."""

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], Transfer] = {}

    def due(self, transfer: Transfer) -> bool:
        """Whether to show this report; if so, it is remembered as shown."""
        key = (transfer.vertex, transfer.id)
        due = self._far_enough(self._shown.get(key), transfer)
        if due:
            self._shown[key] = transfer
        return due

    @staticmethod
    def _far_enough(last: Transfer | None, transfer: Transfer) -> bool:
        if last is None or last.started != transfer.started:
            counts = transfer.total > 0 or transfer.name == "transferring"
            return bool(transfer.completed or not counts or transfer.time - transfer.started >= FIRST_TIME)
        if transfer.completed or last.completed:
            return not last.completed
        if transfer.time - last.time >= MIN_TIME:
            return True
        return transfer.total > 0 and transfer.current - last.current >= MIN_SHARE * transfer.total
