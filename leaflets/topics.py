"""Topics of the catalogue, worded alike on every title."""

from collections.abc import Mapping

from leaflets.models.leaflet import Leaflet, points


def topics_in_use() -> dict[str, str]:
    """As they are worded, by their letters in lower case."""
    used = (topic for topics in Leaflet.objects.exclude(topics="").values_list("topics", flat=True) for topic in points(topics))
    return {topic.casefold(): topic for topic in used}


def worded_alike(text: str, used: Mapping[str, str]) -> str:
    """Each once, worded as it is on other titles."""
    typed = {topic.casefold(): topic for topic in reversed(points(text))}
    return "\n".join(used.get(letters, topic) for letters, topic in reversed(typed.items()))
