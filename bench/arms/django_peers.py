"""Django: sessions in Redis, and Django REST framework with Simple JWT. One process has one set of settings."""

import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

from bench.arms.arm import FOLDER, STORE_URL


def create() -> WSGIHandler:
    """Return the application with all of its pages. Its user table contains alice."""
    if not settings.configured:
        settings.configure(**_settings())
        django.setup()
        _make_alice()
    return get_wsgi_application()


def _settings() -> dict[str, Any]:
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ[STORE_URL]}
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(os.environ[FOLDER], "django.db")}
    return {
        "SECRET_KEY": "for this benchmark only, and 50 characters at the very least",
        "ALLOWED_HOSTS": ["*"],
        "ROOT_URLCONF": "bench.arms.django_urls",
        "INSTALLED_APPS": ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        "DATABASES": {"default": {**database, "CONN_MAX_AGE": None}},  # keep the connection open
        "CACHES": {"default": redis},
        "SESSION_ENGINE": "django.contrib.sessions.backends.cache",
        # Only those of `startproject`'s middlewares that these pages need.
        "MIDDLEWARE": [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
        ],
        "REST_FRAMEWORK": {"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
    }


def _make_alice() -> None:
    from django.contrib.auth.models import User  # noqa: PLC0415  # import models after the settings
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    if not User.objects.filter(username="alice").exists():
        User.objects.create_user("alice", password="wonderland")
