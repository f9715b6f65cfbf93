"""The one table of ops that is by tenant: what of theirs lies in the archive."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import TenantOwned


class Archive(TenantOwned):
    """A month of a table that is in the archive, and no longer in the database.

    Grain: one row per (tenant, table, month). Written as the owner, once the file is proven.
    """

    __tablename__ = "archives"
    __table_args__ = (CheckConstraint("month = date_trunc('month', month)", name="month_first_day"),)

    table_name: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True, comment="its first day")
    file: Mapped[str] = mapped_column(comment="its place in the archive")
    row_count: Mapped[int] = mapped_column(BigInteger)
    checksum: Mapped[str] = mapped_column(comment="SHA-256 over the rows in order")
    sha256: Mapped[str] = mapped_column(comment="of the file")
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[str] = mapped_column(comment="of the key ring")
    written_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    last_import_id: Mapped[int | None] = mapped_column(comment="newest import that wrote its rows")
    last_hand_at: Mapped[datetime | None] = mapped_column(
        comment="when the last of its rows that no import wrote was written"
    )
