"""For machines: is the process alive (healthz), can it do its work (readyz), and the icon browsers ask for unasked."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.views.decorators.cache import never_cache


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, OSError) as error:
        return HttpResponse(f"not ready: {type(error).__name__}\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")


def icon(request: HttpRequest) -> HttpResponseRedirect:
    """Pages name their icon; the admin does not, and feed readers look here too."""
    return HttpResponseRedirect(static("img/icon.svg"))
