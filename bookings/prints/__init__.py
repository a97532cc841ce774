"""What is shown or taken home of a presentation, as tagged PDFs. What draws them is imported with the first (ADR 22)."""

from datetime import datetime

from bookings.models import Afterwards, Given


def feedback_slide(afterwards: Afterwards, *, made_at: datetime) -> bytes:
    from bookings.prints import slide

    return slide.feedback_slide(afterwards, made_at=made_at)


def certificate(given: Given, name: str, *, made_at: datetime) -> bytes:
    from bookings.prints.certificates import certificate as drawn

    return drawn(given, name, made_at=made_at)
