"""The list of arms, and what each leaves out. A peer that does less is not worse, but not directly comparable."""

from bench.arms.arm import GUEST, Arm, LabApp, NodeApp, PythonApp
from bench.arms.ours import LONG_PASSWORD, settings


def _lab(algorithm: str, factory: str, lab: bool = True) -> LabApp:
    return LabApp(f"bench.arms.ours:{factory}", settings=settings(algorithm, lab))


HS256, EDDSA, SERVICE = _lab("HS256", "hs256"), _lab("EdDSA", "eddsa"), _lab("HS256", "service", lab=False)
SERVICE_LOGIN = {"username": "alice", "password": LONG_PASSWORD}


def _at(prefix: str) -> dict[str, str]:
    return {"page": f"{prefix}/profile", "log_in": f"{prefix}/login"}


# Instructions were measured with Python 3.11. When a path becomes shorter, put its new figure here.
OURS = (
    Arm("/open", "open", HS256, ("guard",), member=GUEST, instructions=0.13, **_at("/open")),
    Arm("/memory", "memory", HS256, ("store",), **_at("/memory")),
    Arm("/session", "session", HS256, instructions=0.43, **_at("/session")),
    Arm("/token HS256", "token", HS256, ("early end",), instructions=0.38, **_at("/token")),
    Arm("/token EdDSA", "token", EDDSA, ("early end",), instructions=0.37, **_at("/token")),
    Arm("/hybrid HS256", "hybrid", HS256, instructions=0.51, **_at("/hybrid")),
    Arm("/hybrid EdDSA", "hybrid", EDDSA, **_at("/hybrid")),
    Arm("/session, LAB=0", "session", SERVICE, ("traces",), credentials=SERVICE_LOGIN, **_at("/session")),
    Arm("/token HS256, LAB=0", "token", SERVICE, ("early end", "traces"), credentials=SERVICE_LOGIN, **_at("/token")),
)

NO_HEADERS = ("headers", "origin")
SESSION_LIMITS = ("absolute", "hashed", "role", *NO_HEADERS)
TOKEN_LIMITS = ("issuer", "keys", "role", *NO_HEADERS)
FLASK, FLASK_SESSION = ("flask",), ("flask", "flask_session", "redis")
FLASK_JWT = ("flask", "flask_jwt_extended")
DJANGO, DRF = ("django", "redis"), ("django", "rest_framework", "rest_framework_simplejwt", "redis")
SESSION_DOCS = "https://flask-session.readthedocs.io/en/latest/"
JWT_DOCS = "https://flask-jwt-extended.readthedocs.io/en/stable/"
SIMPLE_JWT_DOCS = "https://django-rest-framework-simplejwt.readthedocs.io/en/latest/"
DJANGO_APP = PythonApp("bench.arms.django_peers:create", DRF)


def _flask(factory: str, needs: tuple[str, ...]) -> PythonApp:
    return PythonApp(f"bench.arms.flask_{factory}", needs)


PYTHON_PEERS = (
    Arm("bare Flask", "open", _flask("peers:bare", FLASK), ("all",), member=GUEST),
    Arm(
        "Flask, signed cookie",
        "session",
        _flask("peers:signed_cookie", FLASK),
        ("early end", "sliding", *SESSION_LIMITS, "secrecy"),
        "https://flask.palletsprojects.com/en/stable/quickstart/#sessions",
    ),
    Arm(
        "Flask-Session",
        "session",
        _flask("peers:session_default", FLASK_SESSION),
        (*SESSION_LIMITS, "unpickling"),
        f"{SESSION_DOCS}usage.html",
    ),
    Arm(
        "Flask-Session, no refresh",
        "session",
        _flask("peers:session_without_refresh", FLASK_SESSION),
        ("sliding", *SESSION_LIMITS, "unpickling"),
        f"{SESSION_DOCS}config.html",
    ),
    Arm(
        "Flask-Login on Flask-Session",
        "session",
        _flask("login_peer:create", (*FLASK_SESSION, "flask_login")),
        (*SESSION_LIMITS, "unpickling", "user"),
        "https://flask-login.readthedocs.io/en/latest/",
        **_at("/login-manager"),
    ),
    Arm(
        "Flask-JWT-Extended",
        "token",
        _flask("jwt_peer:create", FLASK_JWT),
        ("early end", *TOKEN_LIMITS),
        f"{JWT_DOCS}basic_usage.html",
    ),
    Arm(
        "Flask-JWT-Extended, blocklist",
        "hybrid",
        _flask("jwt_peer:with_blocklist", (*FLASK_JWT, "redis")),
        TOKEN_LIMITS,
        f"{JWT_DOCS}blocklist_and_token_revoking.html",
    ),
    Arm(
        "Django sessions",
        "session",
        DJANGO_APP,
        ("sliding", *SESSION_LIMITS, "unpickling", "middleware"),
        "https://docs.djangoproject.com/en/5.2/topics/http/sessions/",
        **_at("/session"),
    ),
    Arm(
        "Django REST Simple JWT",
        "token",
        DJANGO_APP,
        ("early end", *TOKEN_LIMITS, "middleware", "reads user"),
        f"{SIMPLE_JWT_DOCS}getting_started.html",
        **_at("/token"),
    ),
    Arm(
        "Django REST Simple JWT, stateless",
        "token",
        DJANGO_APP,
        ("early end", *TOKEN_LIMITS, "middleware"),
        f"{SIMPLE_JWT_DOCS}stateless_user_authentication.html",
        page="/token/stateless/profile",
        log_in="/token/login",
    ),
    Arm(
        "Starlette, PyJWT",
        "token",
        PythonApp("bench.arms.asgi_peers:starlette", ("starlette", "fastapi", "jwt"), "asgi"),
        ("early end", "type", *TOKEN_LIMITS),
        "https://starlette.dev/authentication/",
    ),
    Arm(
        "FastAPI, PyJWT",
        "token",
        PythonApp("bench.arms.asgi_peers:fastapi", ("starlette", "fastapi", "jwt", "python_multipart"), "asgi"),
        ("early end", "type", *TOKEN_LIMITS),
        "https://fastapi.tiangolo.com/tutorial/security/oauth2-jwt/",
    ),
)

NODE_PEERS = (
    Arm("bare Express", "open", NodeApp("bare.js"), ("all",), member=GUEST),
    Arm(
        "Express, connect-redis",
        "session",
        NodeApp("session.js"),
        SESSION_LIMITS,
        "https://github.com/tj/connect-redis",
    ),
    Arm(
        "Express, jsonwebtoken",
        "token",
        NodeApp("jsonwebtoken.js"),
        ("early end", "type", *TOKEN_LIMITS),
        "https://github.com/auth0/node-jsonwebtoken",
    ),
    Arm(
        "Express, jose",
        "token",
        NodeApp("jose.js"),
        ("early end", "type", "keys", "role", *NO_HEADERS),
        "https://github.com/panva/jose",
    ),
)

ARMS = (*OURS, *PYTHON_PEERS, *NODE_PEERS)
FLOORS = ("bare Flask", "bare Express")


def named(names: tuple[str, ...]) -> tuple[Arm, ...]:
    """Return the arms with these names, or all if `names` is empty. Raise `ValueError`, which names an unknown one."""
    by_name = {arm.name: arm for arm in ARMS}
    for name in names:
        if name not in by_name:
            raise ValueError(f"there is no arm {name!r}; there are: {', '.join(by_name)}")
    return tuple(by_name[name] for name in names) or ARMS
