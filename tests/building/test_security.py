"""What the code may not have at all, so that no test of behaviour need look for it."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import text

from building.reading import imports
from rollbook.accounts.models import User
from rollbook.core.settings import Settings
from rollbook.ops.binaries import Binaries
from rollbook.ops.configuration import base_configuration
from rollbook.testing.databases import TestServer
from superuser import superuser_of

SOURCE = Path(__file__).parents[2] / "src/rollbook"
FILES = sorted(SOURCE.rglob("*.py"))
TEMPLATES = sorted(SOURCE.rglob("*.html"))
INPUT = re.compile(r"<input[^>]*\bname=\"(?P<name>[\w-]+)\"[^>]*>")
FEWEST_BYTES = 15
# By what a key is called; it is in no way secret.
PUBLIC = {("accounts/keys.py", 4), ("core/keyring.py", 4)}
KNOWN_CRYPTOGRAPHY = {
    "argon2",
    "authlib",
    "bcrypt",
    "cryptography",
    "hashlib",
    "hmac",
    "joserfc",
    "pyotp",
    "secrets",
    "ssl",
}
OTHER_CRYPTOGRAPHY = {
    "Crypto",
    "Cryptodome",
    "M2Crypto",
    "nacl",
    "rsa",
    "ecdsa",
    "jwt",
    "jose",
    "passlib",
    "pyaes",
    "crypt",
}
UNPICKLING = {"pickle", "cPickle", "dill", "marshal", "shelve", "joblib", "jsonpickle", "yaml", "cloudpickle"}
EVALUATING = {"eval", "exec", "compile", "__import__"}
# Where chance is part of a made-up world or of learning, and nobody gains by guessing it.
BY_CHANCE = {"demo", "testing", "risk", "ops/ports.py"}


def _calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call with the last name of what is called, and with its module's where it has one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def shells(source: str) -> list[str]:
    """Return what starts a program through a shell."""
    found = [name for name, _ in _calls(source) if name in ("os.system", "os.popen", "subprocess.getoutput")]
    named = [word for name, call in _calls(source) for word in call.keywords if word.arg == "shell"]
    return [*found, *(ast.unparse(word.value) for word in named)]


def weak(source: str) -> list[str]:
    """Return each hash or cipher that is not to be used."""
    return re.findall(
        r"\b(?:hashlib\.(?:md5|sha1|new)|MD5|SHA1\(|DES3?|ARC4|RC4|MODE_ECB|modes\.ECB|PKCS1v15)\b", source
    )


def test_no_program_is_started_through_a_shell() -> None:
    assert {_name(path): found for path in FILES if (found := shells(path.read_text(encoding="utf-8")))} == {}
    assert shells("subprocess.run(x, shell=True)") == ["True"]


def test_nothing_evaluates_text() -> None:
    found = {
        _name(path)
        for path in FILES
        for name, _ in _calls(path.read_text(encoding="utf-8"))
        if name in EVALUATING
    }

    assert found == set()


def test_nothing_unpickles() -> None:
    assert {_name(path) for path in FILES if _roots(path) & UNPICKLING} == set()


def test_cryptography_is_of_known_libraries() -> None:
    used = {root for path in FILES for root in _roots(path)}

    assert used & OTHER_CRYPTOGRAPHY == set()
    assert {"argon2", "hashlib", "hmac", "secrets"} <= used & KNOWN_CRYPTOGRAPHY


def test_no_weak_hash_or_cipher_is_used() -> None:
    assert {_name(path): found for path in FILES if (found := weak(path.read_text(encoding="utf-8")))} == {}
    assert weak("hashlib.md5(x)") == ["hashlib.md5"]


def test_what_nobody_may_guess_is_of_the_systems_randomness() -> None:
    """And long enough: what is typed from paper has 120 bits, all else 128 or more."""
    by_chance = {_name(path) for path in FILES if "random" in _roots(path)}
    assert [name for name in by_chance if not any(name.startswith(place) for place in BY_CHANCE)] == []
    made = {(_name(path), size) for path in FILES for size in _sizes(path)}
    assert [one for one in made - PUBLIC if one[1] < FEWEST_BYTES] == []
    assert len(made) > 6


def _roots(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imports(path.read_text(encoding="utf-8"))}


def _sizes(path: Path) -> Iterator[int]:
    """Yield how many random bytes each secret is made of."""
    for name, call in _calls(path.read_text(encoding="utf-8")):
        if name.startswith("secrets.token_"):
            module = import_module(f"rollbook.{_name(path).removesuffix('.py').replace('/', '.')}")
            yield int(_value(call.args[0], vars(module)))


def _value(node: ast.expr, names: dict[str, object]) -> int:
    """Return a number that is written, named, or the sum of such."""
    if isinstance(node, ast.BinOp):
        return _value(node.left, names) + _value(node.right, names)
    found = names[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)
    assert isinstance(found, int)
    return found


def test_password_fields_hide_what_is_typed_and_take_what_is_pasted() -> None:
    pages = {path: path.read_text(encoding="utf-8") for path in TEMPLATES}
    fields = [
        field[0]
        for page in pages.values()
        for field in INPUT.finditer(page)
        if field["name"] in ("password", "present", "new", "again")
    ]

    assert len(fields) == 4
    assert [field for field in fields if 'type="password"' not in field] == []
    assert [
        field for field in fields if not re.search(r'autocomplete="(?:current|new)-password"', field)
    ] == []
    assert [path.name for path, page in pages.items() if re.search(r"\son\w+=|onpaste", page)] == []


def test_no_password_has_an_age() -> None:
    named = [*User.__table__.columns.keys(), *Settings.model_fields]
    about = {name for name in named if "password" in name}

    assert {name for name in about if re.search(r"expire|age|days|until|valid", name)} == set()
    assert "password_changed_at" in about


def test_nobody_is_asked_a_secret_question() -> None:
    assert [
        column.name for column in User.__table__.columns if re.search(r"question|hint", column.name)
    ] == []
    assert [
        path.name
        for path in TEMPLATES
        if re.search(r"secret question|mother", path.read_text(encoding="utf-8"))
    ] == []


def test_no_account_is_there_from_the_beginning(rollbook_server: TestServer) -> None:
    with (
        rollbook_server.database() as lent,
        superuser_of(rollbook_server, lent) as engine,
        engine.connect() as db,
    ):
        assert db.scalar(text("SELECT count(*) FROM users")) == 0
        assert db.scalar(text("SELECT count(*) FROM api_keys")) == 0


def test_every_log_tells_the_time_in_utc() -> None:
    serving = (SOURCE / "app/listening.py").read_text(encoding="utf-8")

    assert 'TimeStamper(fmt="iso", utc=True)' in serving
    assert "log_timezone = 'UTC'" in base_configuration(Binaries.__new__(_NoExtensions))


class _NoExtensions(Binaries):
    """Programs of which only the extensions are asked."""

    def has_extension(self, name: str) -> bool:  # noqa: ARG002 -- the shape of what it stands for
        return False


@pytest.mark.parametrize("source", ["eval(x)", "exec(x)", "__import__(x)"])
def test_an_evaluation_would_be_noticed(source: str) -> None:
    assert [name for name, _ in _calls(source) if name in EVALUATING] != []
