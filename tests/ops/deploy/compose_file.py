"""compose.yaml as this project's tests read it, and its containers' world outside of Docker."""

import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.embedded import home_of

ROOT: Final = Path(__file__).parents[3]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = [name for name, service in SERVICES.items() if service.get("image") == "rollbook:local"]
PLACES: Final = {
    "/var/lib/rollbook-urls": "urls",
    "/var/lib/rollbook-app": "app-home",
    "/var/lib/rollbook": "home",
    "/run/secrets": "secrets",
    "/var/backups/rollbook": "backups",
}
INTERPOLATED: Final = re.compile(r"\$\{\w+:-([^}]*)\}")
BIN: Final = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Machine:
    """A folder with what the containers mount, and a server that is nobody's yet."""

    folder: Path
    port: int
    figures: int

    def outside(self, text: str) -> str:
        """Return a container's text with this machine's folders, and the web's port; nothing is in .env."""
        text = INTERPOLATED.sub(r"\1", text)
        for place, name in PLACES.items():
            text = text.replace(place, str(self.folder / name))
        for port, ours in {"8000": self.port, "9187": self.figures}.items():
            text = text.replace(port, str(ours))
        return text.replace("$$", "$").replace("0.0.0.0", "127.0.0.1")

    def environment(self, service: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLBOOK_")}
        said = SERVICES[service].get("environment", {})
        named = {name: self.outside(value) for name, value in said.items()}
        path = f"{BIN}:{os.environ['PATH']}"
        return kept | {"ROLLBOOK_HOME": str(self.home(service)), "PATH": path} | named

    def home(self, service: str) -> Path:
        """Return where the service's home is: a volume, or a folder of its image that it cannot write to."""
        mounts = SERVICES[service].get("volumes", ())
        has_volume = any(mount.split(":")[1] == "/var/lib/rollbook" for mount in mounts)
        return self.folder / ("home" if has_volume else "empty")

    def command(self, service: str) -> list[str]:
        return [self.outside(word) for word in SERVICES[service]["command"]]

    def is_healthy(self, service: str) -> bool:
        """Run the service's healthcheck."""
        kind, *words = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD"
        command = [self.outside(word) for word in words]
        done = subprocess.run(
            command, env=self.environment(service), capture_output=True, check=False, timeout=120
        )
        return done.returncode == 0


def machine(folder: Path, at: Settings) -> Machine:
    """Put the secrets where containers have them; the database of compose.yaml is the server ``at``."""
    (folder / "secrets").mkdir()
    password = home_of(at).passwords("embedded")["postgres"]
    url = f"postgresql://postgres:{password}@127.0.0.1:{server.status(at).port}/rollbook"
    (folder / "secrets" / "admin_url").write_text(f"{url}\n")
    (folder / "secrets" / "metrics_token").write_text("sixteen-or-more-letters\n")
    # no Redis answers there: everything works without it
    (folder / "secrets" / "redis_url").write_text("redis://127.0.0.1:1/0\n")
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return Machine(folder, one.getsockname()[1], two.getsockname()[1])
