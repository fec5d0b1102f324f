"""Do folded events leave too many small files in the history? A night's work merges them; no answer changes."""

from datetime import timedelta

from features.history import History
from serving.jobs.job import JobContext

MOST_FILES = 40
"""Files that entries have added since the last merging; more make every reader slow."""
GRACE = timedelta(hours=24)
"""How long files that were merged stay for whoever still reads them."""


def merge_files(context: JobContext) -> str:
    """Merge the history's files; say how many there were. Raises NoHistory, HistoryNotWritten."""
    from features.compaction import compact

    done = compact(History.existing(context.home), context.now, GRACE, context.say)
    return (
        f"Merged {done.files_before:,} files of the history into {done.files_after:,}; removed {done.swept:,} old ones."
    )


def many_files(context: JobContext) -> bool:
    """Whether there is enough to merge."""
    log = History.open(context.home).log
    return len(log.later) > 1 and sum(len(parts) for entry in log.later for parts in entry.parts.values()) > MOST_FILES
