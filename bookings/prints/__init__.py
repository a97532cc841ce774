"""What is printed or shown of a presentation, as tagged PDFs."""

from bookings.prints.certificate import certificate
from bookings.prints.slide import feedback_slide, short_link

__all__ = ["certificate", "feedback_slide", "short_link"]
