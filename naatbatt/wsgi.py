import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "naatbatt.settings")
application = get_wsgi_application()

from naatbatt.checks import refuse_to_start  # noqa: E402  (reads the settings, which the line above set up)

refuse_to_start()
