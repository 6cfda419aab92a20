"""Who may send a request, how often, and how long its page may be kept.

Public and contributor pages carry no cookie, so there is no CSRF token to compare. What guards them instead: a public
form has no authority to abuse, a personal link is itself the credential, and browsers say where a request came from.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.defaults import permission_denied

View = Callable[..., HttpResponse]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def _came_from_elsewhere(request: HttpRequest) -> bool:
    """What the browser says of the page that sent this. Mail providers (one-click) and scripts say nothing."""
    site = request.headers.get("Sec-Fetch-Site", "")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin", "")  # browsers from before Sec-Fetch-Site
    return bool(origin) and origin != f"{request.scheme}://{request.get_host()}"


def refuse_cross_site(view: View) -> View:
    """Refuse a POST that another site's page sent. Takes the place of the CSRF token, which would need a cookie."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in SAFE_METHODS and _came_from_elsewhere(request):
            return permission_denied(request, PermissionDenied())
        return view(request, *args, **kwargs)

    return csrf_exempt(guarded)


def personal_page(view: View) -> View:
    """For pages behind a personal link: kept by nobody, indexed by nobody, their address told to no other site."""

    @wraps(view)
    def personal(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page = view(request, *args, **kwargs)
        page["Cache-Control"] = "no-store"
        page["X-Robots-Tag"] = "noindex"
        page["Referrer-Policy"] = "same-origin"
        return page

    return personal


def public_page(view: View) -> View:
    """For pages that are the same for everyone: a cache may show them a minute, and ten more while it asks anew.

    What comes of a POST is for the one who posted, and kept by nobody.
    """

    @wraps(view)
    def public(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        page = view(request, *args, **kwargs)
        if request.method in SAFE_METHODS:
            patch_cache_control(page, public=True, max_age=60, stale_while_revalidate=600)
        else:
            page["Cache-Control"] = "no-store"
        return page

    return public


def client_address(request: HttpRequest) -> str:
    """The address the request came from; the one our own proxy wrote down where there is one."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    # Only a site that trusts its proxy about TLS trusts it about addresses, and only the last one is the proxy's word.
    if forwarded and getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        return forwarded.rsplit(",", 1)[-1].strip()
    return request.META.get("REMOTE_ADDR", "")


def within_limit(key: str, *, most: int, seconds: int) -> bool:
    """Count one event under `key`; true while there were at most `most` since the first, `seconds` ago or less."""
    name = f"limit:{key}"
    if cache.add(name, 1, seconds):
        return True
    try:
        return cache.incr(name) <= most
    except ValueError:  # it expired between the two calls
        cache.set(name, 1, seconds)
        return True
