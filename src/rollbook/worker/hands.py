"""Jobs that this process is done with: whether the database heard of it is another thing."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Hands:
    """When each job was done with. One that the database still takes for under way long after is let go."""

    _done: dict[int, float] = field(default_factory=dict)

    def take(self, job_id: int) -> None:
        """Note that a job begins, perhaps once more."""
        self._done.pop(job_id, None)

    def put_down(self, job_id: int) -> None:
        """Note that a job is done with, however it ended."""
        self._done[job_id] = time.monotonic()

    def long_done(self, seconds: float) -> list[int]:
        """Return the jobs that have been done with for so long; each is told once."""
        long_ago = time.monotonic() - seconds
        found = [job_id for job_id, at in self._done.items() if at < long_ago]
        for job_id in found:
            del self._done[job_id]
        return found
