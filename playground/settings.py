"""Settings: one place, all from the environment (see README). `make run` sets what a laptop needs."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from playground import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.folder("PLAYGROUND_DATA", BASE_DIR / "var")
DEBUG = env.flag("PLAYGROUND_DEBUG")


def _secret_key() -> str:
    """The given key, or one that is made once and kept in the data directory (readable by its owner only)."""
    given = env.text("PLAYGROUND_SECRET_KEY")
    if given:
        return given
    file = DATA_DIR / "secret-key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(48))
    return file.read_text().strip()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.words("PLAYGROUND_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("PLAYGROUND_TRUSTED_ORIGINS")
PLAYGROUND_ANONYMOUS = env.flag("PLAYGROUND_ANONYMOUS")
PLAYGROUND_GUESTS = env.integer("PLAYGROUND_GUESTS", 200)
PLAYGROUND_GUEST_CLUSTERS = env.integer("PLAYGROUND_GUEST_CLUSTERS", 3)
PLAYGROUND_USER_CLUSTERS = env.integer("PLAYGROUND_USER_CLUSTERS", 20)
PLAYGROUND_MEMBERS = env.integer("PLAYGROUND_MEMBERS", 100)
PLAYGROUND_AUDIT_KEEP = env.integer("PLAYGROUND_AUDIT_KEEP", 5_000)
"""Requests of each cluster that its audit log holds."""
# Limits of each cluster's API in one process; 0 lifts those on requests and objects. A class that works, controllers
# of one's own and a thousand watchers stay far below.
PLAYGROUND_REQUESTS_PER_SECOND = env.integer("PLAYGROUND_REQUESTS_PER_SECOND", 500)
PLAYGROUND_REQUEST_BURST = env.integer("PLAYGROUND_REQUEST_BURST", 3_000)
PLAYGROUND_MAX_OBJECTS = env.integer("PLAYGROUND_MAX_OBJECTS", 50_000)
PLAYGROUND_MAX_WATCHERS = env.integer("PLAYGROUND_MAX_WATCHERS", 10_000)
PLAYGROUND_MAX_STREAMS = env.integer("PLAYGROUND_MAX_STREAMS", 500)
PLAYGROUND_MAX_STREAMS_PER_USER = env.integer("PLAYGROUND_MAX_STREAMS_PER_USER", 100)
PLAYGROUND_ACCESS = "playground.accounts.access.POLICY"
AUTH_USER_MODEL = "accounts.User"
PLAYGROUND_WORKERS = env.integer("PLAYGROUND_WORKERS", 1, low=1, high=64)
PORT = env.port("PORT", 8000)
K8S_PORT = env.port("K8S_PORT", 6443)
K8S_URL = env.text("PLAYGROUND_K8S_URL", f"https://127.0.0.1:{K8S_PORT}")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "clusters",
    "clusters.web",
    "playground.accounts",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "playground.urls"
ASGI_APPLICATION = "playground.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.database(env.text("DATABASE_URL") or f"sqlite:///{DATA_DIR}/playground.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL") or f"unix://{env.socket_path(DATA_DIR, 'redis.sock')}"
# Celery spells a unix socket differently.
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://") if REDIS_URL.startswith("unix:") else REDIS_URL
PLAYGROUND_CELERY = "playground.celery.app"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.is_dir() else []
# Vite's file names carry their content's hash, so they never change.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+[-.][0-9A-Za-z_-]{8,12}\.(js|css|woff2|svg|png)$"
WHITENOISE_USE_FINDERS = True

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
_TLS = env.flag("PLAYGROUND_TLS")
SESSION_COOKIE_SECURE = _TLS
CSRF_COOKIE_SECURE = _TLS
if _TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
"""Snapshots are large; every other body has its own, smaller limit."""

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname).1s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.choice("PLAYGROUND_LOG", "WARNING", LOG_LEVELS)},
    "loggers": {
        "daphne": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}
