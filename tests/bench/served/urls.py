from django.http import HttpRequest, HttpResponse
from django.urls import path

from naatbatt.urls import urlpatterns as site


def empty(request: HttpRequest) -> HttpResponse:
    """The yardstick: what the server and Django cost by themselves, middleware included."""
    return HttpResponse("")


urlpatterns = [path("empty/", empty), *site]
