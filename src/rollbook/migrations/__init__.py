"""Migrations: how the schema came to be. ``rollbook db migrate|rollback|status`` runs them.

``ddl`` holds what every table is given (walls, history, months); a version that has shipped never changes.
"""
