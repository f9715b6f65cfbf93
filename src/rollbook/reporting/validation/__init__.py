"""An audit of a tenant's records and of the database: `rollbook validate`.

Each check is a set query that returns one row per fault: an example made of ids, never of names. The queries
of fixed shape are in the .sql files; each begins with a sentence that says what is wrong with its rows, then
how bad that is (error: a figure is or will be wrong; warning: it may be), and what to do. Those that are
asked of every table alike are composed in every_table.py from the tables' declarations.
"""
