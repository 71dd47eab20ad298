"""The WSGI application that the web server loads."""

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from venice_site.cores import on_one_core

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "venice_site.settings")

answer = get_wsgi_application()

from chat.replies import finish_at_termination  # noqa: E402  its models need the application

finish_at_termination()
application = on_one_core(answer) if settings.WEB_ONE_CORE else answer

# What is loaded now stays: to look through all of it for garbage takes as long as to answer several requests.
gc.freeze()
