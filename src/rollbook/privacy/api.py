"""The API of privacy: the whole record of a student."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rollbook.access.viewing import Viewing
from rollbook.core.output import as_json
from rollbook.core.paging import is_storable
from rollbook.privacy.pages import record_for
from rollbook.ui.problems import PROBLEMS

router = APIRouter(prefix="/api/v1", tags=["privacy"], responses=PROBLEMS)


def _storable(value: str) -> str:
    """See that the database can hold a text.

    Raises: ``ValueError``.
    """
    if not is_storable(value):
        raise ValueError("no text has this character")
    return value.strip()


class RecordIn(BaseModel):
    """What the record is asked for; it is noted with the handing out."""

    model_config = ConfigDict(extra="forbid")

    because: Annotated[str, Field(max_length=150), AfterValidator(_storable)] = ""


@router.post("/students/{student_id}/record", response_model=dict[str, Any])
def post_record(viewer: Viewing, student_id: UUID, asked: RecordIn) -> Response:
    """Everything about one student, for their guardian, an adult student or a district admin; it is noted."""
    found = record_for(viewer, student_id, asked.because)
    return Response(as_json(found), media_type="application/json")
