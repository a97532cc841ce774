"""All that we hold about a person, for themselves."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit.models import Act
from audit.services import About, record
from professionals import privacy
from professionals.asking_again import ask_again
from professionals.data_file import FileForm, as_file
from professionals.person_access import person_required, the_person
from professionals.taking_out import too_often_of_ones_own


@person_required
@require_safe
def my_data(request: HttpRequest) -> HttpResponse:
    """Everything that we hold about the person, as one file: to read with ?form=html, else for a program.

    Who had to show who they are goes on from their details.
    """
    asked = ask_again(request, afterwards=reverse("account_details"))
    if asked is not None:
        return asked
    wait = too_often_of_ones_own(request, timezone.now())
    if wait is not None:
        return wait
    form, person = FileForm.HTML if request.GET.get("form") == FileForm.HTML else FileForm.JSON, the_person(request)
    file = as_file(privacy.export_person(person), form)
    record(Act.EXPORTED, by=request.user.pk, about=About.of(person), page="account_my_data", whats=[form])
    return file
