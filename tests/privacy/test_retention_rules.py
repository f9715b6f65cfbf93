"""No table is forgotten by the rules of retention."""

from sqlalchemy import Column, Integer, MetaData, Table

from rollbook.migrations.registry import metadata
from rollbook.privacy.about import TABLES, tables_about
from rollbook.privacy.retention_rules import GOES_WITH, RULES, Period, unruled


def test_of_every_table_it_is_said_how_long_its_rows_are_kept() -> None:
    assert unruled(metadata.tables.values()) == set()


def test_a_new_table_that_nobody_thought_of_is_noticed() -> None:
    new = Table("locker_codes", MetaData(), Column("tenant_id", Integer, primary_key=True))
    kept = [table for table in metadata.tables.values() if table.name != "sections"]

    assert unruled([*metadata.tables.values(), new]) == {"locker_codes"}
    assert unruled(kept) == {"sections"}, "a rule for a table that is gone is noticed too"


def test_rules_count_from_what_there_is() -> None:
    for name, rule in RULES.items():
        if rule.since == "leaving":
            assert name in tables_about()
        elif name != "intake_rejects":
            assert rule.since in TABLES[name].c
        assert rule.keep != Period()
        assert (rule.least is None) == (not rule.law)
        assert rule.least is None or not rule.keep.is_under(rule.least)


def test_what_goes_with_a_table_goes_with_one_that_has_a_rule() -> None:
    assert set(GOES_WITH.values()) <= set(RULES)


def test_rows_that_refer_to_rows_with_a_rule_go_by_the_same_one() -> None:
    """Else a parent could not go before its child is past its own rule."""
    for table in metadata.tables.values():
        for key in table.foreign_keys:
            parent = key.column.table.name
            if parent in RULES or parent in GOES_WITH:
                assert GOES_WITH.get(table.name, table.name) == GOES_WITH.get(parent, parent)
