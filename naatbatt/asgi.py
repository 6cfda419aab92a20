import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "naatbatt.settings")
application = get_asgi_application()

from naatbatt.checks import refuse_to_start  # noqa: E402  (reads the settings, which the line above set up)

refuse_to_start()
