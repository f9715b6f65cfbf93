"""What a look at the key ring and what it encrypts finds."""

from rollbook.core.checks import Checked, State, fine
from rollbook.core.errors import RollbookError
from rollbook.ops import rekeying
from rollbook.ops.rekeying import Survey

_NAME = "encryption"


def look_over(owner_url: str) -> Checked:
    """Say whether every encrypted value can be read with the ring, and under which key it is."""
    try:
        found = rekeying.survey(owner_url)
    except RollbookError as error:  # of the ring: missing, open to others, not readable
        return Checked(_NAME, State.WRONG, str(error), "rollbook keys status")
    return _judged(found)


def _judged(found: Survey) -> Checked:
    lost = sum(key.values for key in found.keys if not key.is_known)
    values = sum(key.values for key in found.keys)
    if lost:
        sentence = f"Of {values:,} encrypted values {lost:,} are under a key that the ring does not have."
        return Checked(_NAME, State.WRONG, sentence, "put back the key ring that has it")
    if found.plain:
        sentence = f"{found.plain:,} values of encrypted columns are plain text still."
        return Checked(_NAME, State.WRONG, sentence, "rollbook keys rotate")
    if not found.is_settled:
        sentence = "A rotation of keys was begun and has not ended."
        return Checked(_NAME, State.WARNING, sentence, "rollbook keys rotate")
    if not values:
        return fine(_NAME, "No value is encrypted yet.")
    return fine(_NAME, f"Encrypted values, all under the ring's newest key: {values:,}.")
