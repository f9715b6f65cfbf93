"""Every schedule as released: its name, when it is due, what it does, and the function that does it."""

from importlib.util import find_spec
from typing import Final

from rollbook.ops.jobs.schedules import Schedule

_ALL: Final = (
    Schedule(
        "health",
        "0 6 * * *",
        "Look the whole installation over, as `rollbook doctor` does.",
        "rollbook.worker.daily:look_over",
    ),
    Schedule(
        "check-up",
        "11 * * * *",
        "Look over the server for the admin page, and sample how its disk fills.",
        "rollbook.worker.daily:check_up",
    ),
    Schedule(
        "seals",
        "7 * * * *",
        "Seal what the audit noted, and write the seals' hashes into the log.",
        "rollbook.worker.of_tenants:seal",
    ),
    Schedule(
        "seal-check",
        "20 4 * * 0",
        "Compare the audit with all of its seals.",
        "rollbook.worker.of_tenants:check_seals",
    ),
    Schedule(
        "attendance",
        "*/15 * * * *",
        "Count the weeks of attendance anew that changed.",
        "rollbook.worker.of_tenants:refresh_attendance",
    ),
    Schedule(
        "rejects",
        "40 3 * * *",
        "Forget rejected rows that nobody fixed in time (ROLLBOOK_REJECT_DAYS).",
        "rollbook.worker.of_tenants:forget_rejects",
    ),
    Schedule(
        "risk",
        "30 4 * * 1",
        "Score every student whose tenant has a trained model.",
        "rollbook.worker.of_tenants:score",
    ),
    Schedule(
        "retention",
        "30 5 1 * *",
        "Remove what is past its rule of retention: there is no way back, so switch it on yourself.",
        "rollbook.worker.of_tenants:remove_past",
        is_off=True,
    ),
    Schedule(
        "partitions",
        "50 2 * * *",
        "Make the months ahead that big tables will need.",
        "rollbook.worker.daily:make_months",
    ),
    Schedule(
        "changes",
        "10 * * * *",
        "Thin out the marks by which an answer that Redis keeps is known to be right.",
        "rollbook.worker.daily:forget_changes",
    ),
    Schedule(
        "tidy",
        "55 2 * * *",
        "Forget jobs that ended well over a month ago, and after a year that they ran.",
        "rollbook.worker.daily:forget_jobs",
    ),
    Schedule(
        "backup",
        "30 1 * * *",
        "Back up what changed since the last backup, or all.",
        "rollbook.worker.operations:back_up",
    ),
    Schedule(
        "dump",
        "30 0 * * 0",
        "Back up tables and rows by themselves, for any later PostgreSQL.",
        "rollbook.worker.operations:dump",
    ),
    Schedule(
        "prune",
        "0 5 * * *",
        "Remove backups that are past what is kept; never one that a newer one builds on.",
        "rollbook.worker.operations:prune",
    ),
    Schedule(
        "verify",
        "0 6 * * 6",
        "Read every backup, and say whether it is whole.",
        "rollbook.worker.operations:verify",
    ),
    Schedule(
        "drill",
        "0 3 * * 0",
        "Prove the newest backup: restore it in private, check and compare it.",
        "rollbook.worker.operations:drill",
    ),
    Schedule(
        "optimize",
        "0 2 * * 6",
        "Vacuum and rebuild what figures say needs it.",
        "rollbook.worker.operations:optimize",
    ),
    Schedule(
        "performance",
        "0 5 * * 6",
        "Say which share of queries uses indexes, and how long they take.",
        "rollbook.worker.operations:analyze_performance",
    ),
    Schedule(
        "archive",
        "0 4 2 * *",
        "Take months out of the database that are past their rule, proven file by file.",
        "rollbook.worker.operations:archive",
        # what it needs is an extra, which not every installation has
        is_off=find_spec("pyarrow") is None,
    ),
    Schedule(
        "archive-forget",
        "20 3 * * *",
        "Take out of the archive who was erased, where an erasure could not.",
        "rollbook.worker.operations:forget_archived",
        is_off=find_spec("pyarrow") is None,
    ),
)
SCHEDULES: Final = {schedule.name: schedule for schedule in _ALL}
