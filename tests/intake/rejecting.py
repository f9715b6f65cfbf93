"""What was rejected, and imports that go on all the same."""

from intake.school import District, Drop

PLENTY = 1_000_000


def rejected(district: District) -> list[tuple[object, ...]]:
    return district.rows(
        "SELECT file, line, column_name, value_class, reason FROM intake_rejects ORDER BY 1, 2, 3"
    )


def bring_and_keep(district: District, drop: Drop) -> int:
    import_id = district.bring(drop, max_rejects=PLENTY).import_id
    assert import_id
    return import_id
