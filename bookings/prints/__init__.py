"""What is shown or taken home of a presentation, as tagged PDFs."""
