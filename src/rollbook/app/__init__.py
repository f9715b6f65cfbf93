"""The door to the web: mounts each room's pages and API, serves them, and holds no rules.

Verbs   create_app, serve
"""

from rollbook.app.application import create_app
from rollbook.app.listening import serve

__all__ = ["create_app", "serve"]
