"""The page's own switch: light, dark, or as the device says."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response

from rollbook.ui.page import local_path, look_cookie

router = APIRouter(include_in_schema=False)


@router.post("/look")
def choose_look(
    request: Request,
    look: Annotated[Literal["auto", "light", "dark"], Form()],
    back: Annotated[str, Form(max_length=8000)] = "/",
) -> Response:
    """Remember the appearance in a cookie of a year, and go back."""
    response = Response(status_code=303, headers={"Location": local_path(back)})
    secure = request.url.scheme == "https"
    response.set_cookie(
        look_cookie(request), look, max_age=31_536_000, secure=secure, httponly=True, samesite="lax"
    )
    return response
