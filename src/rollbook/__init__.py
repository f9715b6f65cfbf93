"""Rollbook: the student data platform that a district runs by itself.

One PostgreSQL database and one Python package. Floors, from the ground up: core, ops and ui, intake,
accounts, access, roster, curriculum, the fact rooms, risk, reporting, exchange, demo, and the doors.
"""

__version__ = "0.1.0"
