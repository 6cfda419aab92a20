from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.utils.translation import gettext_lazy as _
from django.views.static import serve

from naatbatt.views import healthz, icon, readyz

admin.site.site_header = settings.ASSOCIATION_NAME
admin.site.site_title = settings.ASSOCIATION_NAME
admin.site.index_title = _("This week")

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("favicon.ico", icon),
    path("admin/", admin.site.urls),
    path("", include("surveys.urls")),
    # Pictures were decoded and re-encoded before they were kept; in production nginx serves this path itself.
    re_path(r"^media/(?P<path>pictures/[\w./-]+)$", serve, {"document_root": settings.MEDIA_ROOT}),
    path("", include("posts.urls")),
]
