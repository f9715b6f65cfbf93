"""The daily work: pages and endpoints by which people write what happens, one module for each thing.

Each asks access who may, calls the rooms' verbs, and says in the activity log that it was done: who, what,
about which student, never what was said. They stand in reporting since the log is a room of its own.
"""
