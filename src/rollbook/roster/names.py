"""How a student is called where people read."""


def student_name(
    student_number: str, first_name: str | None, last_name: str | None, preferred_name: str | None = None
) -> str:
    """Return "Ada Byron", or "Student 11391" where the source has no names."""
    parts = [preferred_name or first_name, last_name]
    return " ".join(part for part in parts if part) or f"Student {student_number}"
