"""People and organisations as spreadsheets."""

from collections.abc import Iterator, Sequence

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from accounts.exports import ExportMixin, batches
from ctac.dates import uk_day
from ctac.staff.spreadsheets import Cell, Heading
from professionals.areas import authority_called, look_up_areas
from professionals.models import Organisation, Person


class PersonExportMixin(ExportMixin):
    """Neither notes nor what they booked or ordered: their page has both."""

    export_permission = "professionals.export_people"
    export_refusal = _("Nobody is in this list, so there is nothing to export.")
    export_headings = (
        Heading(_("Name"), 24),
        Heading(_("Email address"), 30),
        Heading(_("Phone"), 16),
        Heading(_("Profession"), 22),
        Heading(_("Organisation"), 28),
        Heading(_("Work postcode"), 10),
        Heading(_("Local authority"), 22),
        Heading(_("Signs in"), 9),
        Heading(_("Added on"), 12),
    )

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        """A row a person, as they are when their turn comes: who was erased meanwhile has none."""
        for batch in batches(keys):
            found = Person.objects.filter(pk__in=batch, erased_at=None).select_related("organisation").order_by().in_bulk()
            areas = look_up_areas(person.postcode for person in found.values() if person.postcode)
            for person in (found[key] for key in batch if key in found):
                area = areas.get(person.postcode)
                authority = authority_called(area.local_authority) if area else None
                yield [
                    person.name,
                    person.email,
                    person.phone,
                    person.get_profession_display(),
                    person.organisation.name if person.organisation else None,
                    person.postcode,
                    authority.name if authority else None,
                    str(_("Yes") if person.user_id else _("No")),
                    uk_day(person.created_at),
                ]


class OrganisationExportMixin(ExportMixin):
    export_permission = "professionals.export_organisations"
    export_refusal = _("No organisation is in this list, so there is nothing to export.")
    export_headings = (Heading(_("Name"), 36), Heading(_("People"), 9), Heading(_("Added on"), 12))

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        for batch in batches(keys):
            rows = Organisation.objects.filter(pk__in=batch).annotate(many=Count("people")).order_by()
            found = {
                key: [name, many, uk_day(added)]
                for key, name, many, added in rows.values_list("pk", "name", "many", "created_at")
            }
            yield from (found[key] for key in batch if key in found)
