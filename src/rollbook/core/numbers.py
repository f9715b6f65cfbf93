"""Exact numbers in answers of the API: a number of JSON, as in all other output, and no text."""

from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer

Number = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
