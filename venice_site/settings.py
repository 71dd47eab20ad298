"""Every setting, read from the environment once; .env.example documents each variable."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext
import steady_queue
from django.utils.csp import CSP
from steady_queue.configuration import Configuration

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent


def text(name: str, default: str = "") -> str:
    """Return an environment variable, or the default when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """Return an environment variable as a yes or no."""
    return text(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    """Return an environment variable as a whole number."""
    return int(text(name, str(default)))


def seconds(name: str, default: float) -> float:
    """Return an environment variable as a duration in seconds."""
    return float(text(name, str(default)))


def items(name: str, default: str = "") -> list[str]:
    """Return a comma-separated environment variable as a list."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def kept_secret(path: Path) -> str:
    """Return the installation's own secret, made on the first start and kept beside the data."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret


# --- where things are -------------------------------------------------------------------------
DATA_DIR = Path(text("DATA_DIR", str(BASE_DIR / "data"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
HOST = text("HOST", "127.0.0.1")
PORT = number("PORT", 8000)
PUBLIC_URL = text("PUBLIC_URL").rstrip("/")

# --- secrets ----------------------------------------------------------------------------------
DEBUG = flag("DEBUG")
SECRET_KEY = text("SECRET_KEY") or kept_secret(DATA_DIR / "secret_key")
ENCRYPTION_KEYS = items("ENCRYPTION_KEYS") or [SECRET_KEY]

# --- the first administrator ------------------------------------------------------------------
ADMIN_USERNAME = text("ADMIN_USERNAME", "admin")
ADMIN_PASSWORD = text("ADMIN_PASSWORD")

# --- Venice -----------------------------------------------------------------------------------
VENICE_BASE_URL = text("VENICE_BASE_URL", "https://api.venice.ai/api/v1").rstrip("/")
VENICE_API_KEYS = items("VENICE_API_KEYS")
VENICE_STAND_IN_URL = text("VENICE_STAND_IN_URL", "http://127.0.0.1:8809/api/v1").rstrip("/")
VENICE_TIMEOUT = seconds("VENICE_TIMEOUT", 60)
VENICE_IMAGE_TIMEOUT = seconds("VENICE_IMAGE_TIMEOUT", 0)
VENICE_DEADLINE = seconds("VENICE_DEADLINE", 180)
VENICE_FALLBACK_IMAGE_MODEL = text("VENICE_FALLBACK_IMAGE_MODEL", "z-image-turbo")
VENICE_FALLBACK_TEXT_MODEL = text("VENICE_FALLBACK_TEXT_MODEL")

# --- how much at once -------------------------------------------------------------------------
WEB_THREADS = number("WEB_THREADS", 256)
WEB_ONE_CORE = flag("WEB_ONE_CORE", True)
WORKER_THREADS = number("WORKER_THREADS", 4)
IMAGES_AT_ONCE = number("IMAGES_AT_ONCE", 0)
IMAGES_AT_ONCE_EACH = number("IMAGES_AT_ONCE_EACH", 0)
STREAM_LIMIT = number("STREAM_LIMIT", WEB_THREADS * 7 // 8)
STOP_GRACE = seconds("STOP_GRACE", 10)
RUN_STALE_AFTER = seconds("RUN_STALE_AFTER", 15)

# --- applications -----------------------------------------------------------------------------
INSTALLED_APPS = [
    "venice_site.accounts",
    "venice_site.venice",
    "gallery",
    "chat",
    "venice_site",
    "whitenoise.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "django_htmx",
    "steady_queue",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "venice_site.line.LineMiddleware",
    "venice_site.bodies.BodySizeMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "venice_site.middleware.SignInRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "venice_site.urls"
WSGI_APPLICATION = "venice_site.wsgi.application"

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # ours draw a field in one step
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "venice_site.shell.shell",
            ],
        },
    },
]

# --- database ---------------------------------------------------------------------------------
DATABASE_URL = text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'studio.sqlite3'}")
# Every connection goes back to a pool as soon as a request or a piece of work is done with it.
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_health_checks=True)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["ENGINE"] = "venice_site.sqlite"
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
    # IMMEDIATE takes the writer lock up front, so that a busy database waits instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "cached_statements": 512,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8000;"
            # A thread of ours does it sooner, without anybody waiting for it.
            "PRAGMA wal_autocheckpoint=10000;"
        ),
    }
else:
    # Beside what the address itself says, such as sslmode.
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": number("DATABASE_POOL", 20),
        "timeout": 20,
    }

# --- work in the background -------------------------------------------------------------------
TASKS = {"default": {"BACKEND": "steady_queue.backend.SteadyQueueBackend", "QUEUES": ["default"]}}
STEADY_QUEUE = Configuration.Options(
    workers=[
        Configuration.Worker(threads=WORKER_THREADS, polling_interval=timedelta(milliseconds=200))
    ],
    dispatchers=[Configuration.Dispatcher(polling_interval=timedelta(seconds=1))],
)
steady_queue.preserve_finished_jobs = False
steady_queue.process_heartbeat_interval = timedelta(seconds=5)
steady_queue.process_alive_threshold = timedelta(seconds=20)
steady_queue.shutdown_timeout = timedelta(seconds=STOP_GRACE)

# --- files ------------------------------------------------------------------------------------
MEDIA_ROOT = DATA_DIR / "media"
STATIC_URL = "static/"
STATIC_ROOT = Path(text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "venice_site.static_files.StaticFiles"},
}
TRASH_DAYS = number("TRASH_DAYS", 30)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- people -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["venice_site.accounts.backends.Backend"]
PASSWORD_HASHERS = ["venice_site.hashers.Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_ADAPTER = "venice_site.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_FORMS = {"login": "venice_site.accounts.forms.SignInForm"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
SIGN_UP_OPEN = flag("SIGN_UP_OPEN")

# --- the web ----------------------------------------------------------------------------------
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *items("ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS: list[str] = []
if PUBLIC_URL:
    ALLOWED_HOSTS.append(urlsplit(PUBLIC_URL).hostname or "")
    CSRF_TRUSTED_ORIGINS.append(PUBLIC_URL)
if PUBLIC_URL.startswith("https://"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
SESSION_ENGINE = "venice_site.accounts.sessions"
SESSION_COOKIE_NAME = "studio_session"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:", "blob:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# --- language and time ------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = text("TIME_ZONE", "UTC")
USE_I18N = False
USE_TZ = True

# --- logs: facts as key=value, never prompts, replies or keys ---------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": text("LOG_LEVEL", "WARNING")},
    "loggers": {
        "studio": {"level": text("LOG_LEVEL", "INFO")},
        "steady_queue": {"level": "WARNING"},
        "django.tasks": {"level": "WARNING"},
    },
}
