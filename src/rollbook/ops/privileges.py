"""As whom the server runs. PostgreSQL refuses root, so root drops to an account that is there already.

That account must be able to enter the folders of the programs and of the data. Where one above them is
closed to it (a checkout in /root), the server keeps one capability of root, to pass through closed
folders; setpriv of util-linux grants it. It can then read any file of the machine, as root's processes
can; but only PostgreSQL's superuser, whom no door of Rollbook uses, could ask it to.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rollbook.ops.errors import FolderUnreachable

_ACCOUNTS: Final = ("postgres", "nobody")
# The second is for containers whose root has no dac_read_search; it is the wider one, so it comes last.
_PASSING: Final = ("dac_read_search", "dac_override")


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server's programs, and how we become them. Not root: nothing changes."""

    uid: int
    gid: int
    name: str
    prefix: tuple[str, ...] = ()
    drop: Mapping[str, Any] = field(default_factory=dict)

    def run(
        self,
        command: Sequence[str],
        **options: Any,  # noqa: ANN401 -- whatever subprocess.run takes
    ) -> subprocess.CompletedProcess[str]:
        """Run ``command`` to its end as this account."""
        options = {"capture_output": True, "stdin": subprocess.DEVNULL} | options
        return subprocess.run(  # noqa: S603 -- our own programs
            [*self.prefix, *command], text=True, check=False, cwd="/", **self.drop, **options
        )

    def own(self, path: Path, mode: int) -> None:
        """Give ``path`` to this account with ``mode``."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)

    @property
    def is_dropped(self) -> bool:
        """Whether this is another account than the one that runs us."""
        return self.uid != os.geteuid()


def server_account(data: Path, must_reach: Sequence[Path]) -> Account:
    """Return the account that runs the server whose data is in ``data``.

    Raises: ``FolderUnreachable`` if it cannot come to all of ``must_reach``.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), str(os.geteuid()))
    person = _unprivileged(data)
    for account in _ways_to_become(person):
        if _reaches(account, must_reach):
            return account
    raise FolderUnreachable(account=person.pw_name, directory=_first_closed(person, must_reach))


def _unprivileged(data: Path) -> pwd.struct_passwd:
    owner = data.stat().st_uid if data.exists() else 0
    if owner != 0:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            return pwd.struct_passwd((str(owner), "x", owner, data.stat().st_gid, "", "/", "/bin/sh"))
    names = {person.pw_name: person for person in pwd.getpwall()}
    return next(names[name] for name in _ACCOUNTS if name in names)


def _ways_to_become(person: pwd.struct_passwd) -> Iterator[Account]:
    groups = os.getgrouplist(person.pw_name, person.pw_gid)
    drop = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": groups}
    yield Account(person.pw_uid, person.pw_gid, person.pw_name, drop=drop)
    setpriv = shutil.which("setpriv", path=os.environ.get("PATH", "") + ":/usr/bin:/bin")
    for capability in _PASSING if setpriv else ():
        only = ",".join(("-all", f"+{capability}"))
        prefix = (
            str(setpriv),
            f"--reuid={person.pw_uid}",
            f"--regid={person.pw_gid}",
            f"--groups={','.join(map(str, groups))}",
            # without it access(2), by which initdb looks for postgres, ignores capabilities of all but root
            "--securebits=+no_setuid_fixup",
            *(f"--{kind}={only}" for kind in ("inh-caps", "ambient-caps", "bounding-set")),
        )
        yield Account(person.pw_uid, person.pw_gid, person.pw_name, prefix=prefix)


def _reaches(account: Account, paths: Iterable[Path]) -> bool:
    tests = " && ".join(f'[ -x "${{{number}}}" ]' for number, _ in enumerate(paths, start=1))
    return account.run(["/bin/sh", "-c", tests, "sh", *map(str, paths)]).returncode == 0


def _first_closed(person: pwd.struct_passwd, paths: Iterable[Path]) -> Path:
    plain = next(_ways_to_become(person))
    for path in paths:
        for step in (*reversed(path.parents), path):
            if not _reaches(plain, [step]):
                return step
    return next(iter(paths))
