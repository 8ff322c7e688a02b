"""The arms, and what each leaves out. A peer that does less is not worse, but it is not the same either."""

from bench.arms.arm import GUEST, Arm, LabApp, NodeApp, PythonApp
from bench.arms.ours import LONG_PASSWORD, settings


def _lab(algorithm: str, factory: str, lab: bool = True) -> LabApp:
    return LabApp(f"bench.arms.ours:{factory}", settings=settings(algorithm, lab))


HS256, EDDSA, SERVICE = _lab("HS256", "hs256"), _lab("EdDSA", "eddsa"), _lab("HS256", "service", lab=False)
SERVICE_LOGIN = {"username": "alice", "password": LONG_PASSWORD}


def _at(prefix: str) -> dict[str, str]:
    return {"page": f"{prefix}/profile", "log_in": f"{prefix}/login"}


OURS = (
    Arm("/open", "open", HS256, "a guard", member=GUEST, **_at("/open")),
    Arm("/memory", "memory", HS256, "a store: the login is in this node", **_at("/memory")),
    Arm("/session", "session", HS256, "nothing", **_at("/session")),
    Arm("/token HS256", "token", HS256, "an end before the token expires", **_at("/token")),
    Arm("/token EdDSA", "token", EDDSA, "an end before the token expires", **_at("/token")),
    Arm("/hybrid HS256", "hybrid", HS256, "nothing", **_at("/hybrid")),
    Arm("/hybrid EdDSA", "hybrid", EDDSA, "nothing", **_at("/hybrid")),
    Arm("/session, LAB=0", "session", SERVICE, "traces", credentials=SERVICE_LOGIN, **_at("/session")),
    Arm("/token HS256, LAB=0", "token", SERVICE, "traces", credentials=SERVICE_LOGIN, **_at("/token")),
)

NO_HEADERS = "security headers, no-store, the cross-origin check"
SESSION_LIMITS = f"an absolute lifetime, the id hashed at rest, changes of role, {NO_HEADERS}"
TOKEN_LIMITS = f"issuer, audience, key ids and revoked keys, changes of role, {NO_HEADERS}"
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
    Arm("bare Flask", "open", _flask("peers:bare", FLASK), "everything: it guards nothing", member=GUEST),
    Arm(
        "Flask, signed cookie",
        "session",
        _flask("peers:signed_cookie", FLASK),
        f"an end before the cookie expires, sliding, {SESSION_LIMITS}; its content can be read",
        "https://flask.palletsprojects.com/en/stable/quickstart/#sessions",
    ),
    Arm(
        "Flask-Session",
        "session",
        _flask("peers:session_default", FLASK_SESSION),
        f"{SESSION_LIMITS}, a refusal to unpickle",
        f"{SESSION_DOCS}usage.html",
    ),
    Arm(
        "Flask-Session, no refresh",
        "session",
        _flask("peers:session_without_refresh", FLASK_SESSION),
        f"sliding, {SESSION_LIMITS}, a refusal to unpickle",
        f"{SESSION_DOCS}config.html",
    ),
    Arm(
        "Flask-Login on Flask-Session",
        "session",
        _flask("login_peer:create", (*FLASK_SESSION, "flask_login")),
        f"{SESSION_LIMITS}, a refusal to unpickle; its user is in a dictionary, so no database is asked",
        "https://flask-login.readthedocs.io/en/latest/",
        **_at("/login-manager"),
    ),
    Arm(
        "Flask-JWT-Extended",
        "token",
        _flask("jwt_peer:create", FLASK_JWT),
        TOKEN_LIMITS,
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
        f"sliding, {SESSION_LIMITS}; of Django's own middleware only what these pages need",
        "https://docs.djangoproject.com/en/5.2/topics/http/sessions/",
        **_at("/session"),
    ),
    Arm(
        "Django REST Simple JWT",
        "token",
        DJANGO_APP,
        f"an end before the token expires, {TOKEN_LIMITS}; in return it reads its user from the database (SQLite)",
        f"{SIMPLE_JWT_DOCS}getting_started.html",
        **_at("/token"),
    ),
    Arm(
        "Django REST Simple JWT, stateless",
        "token",
        DJANGO_APP,
        f"an end before the token expires, {TOKEN_LIMITS}",
        f"{SIMPLE_JWT_DOCS}stateless_user_authentication.html",
        page="/token/stateless/profile",
        log_in="/token/login",
    ),
    Arm(
        "Starlette, PyJWT",
        "token",
        PythonApp("bench.arms.asgi_peers:starlette", ("starlette", "fastapi", "jwt"), "asgi"),
        f"the token's type, an end before it expires, {TOKEN_LIMITS}",
        "https://starlette.dev/authentication/",
    ),
    Arm(
        "FastAPI, PyJWT",
        "token",
        PythonApp("bench.arms.asgi_peers:fastapi", ("starlette", "fastapi", "jwt", "python_multipart"), "asgi"),
        f"the token's type, an end before it expires, {TOKEN_LIMITS}",
        "https://fastapi.tiangolo.com/tutorial/security/oauth2-jwt/",
    ),
)

NODE_PEERS = (
    Arm("bare Express", "open", NodeApp("bare.js"), "everything: it guards nothing", member=GUEST),
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
        f"the token's type, an end before it expires, {TOKEN_LIMITS}",
        "https://github.com/auth0/node-jsonwebtoken",
    ),
    Arm(
        "Express, jose",
        "token",
        NodeApp("jose.js"),
        f"the token's type, an end before it expires, key ids and revoked keys, changes of role, {NO_HEADERS}",
        "https://github.com/panva/jose",
    ),
)

ARMS = (*OURS, *PYTHON_PEERS, *NODE_PEERS)
FLOORS = ("bare Flask", "bare Express")


def named(names: tuple[str, ...]) -> tuple[Arm, ...]:
    """Return the arms of these names, all for none. Raise `ValueError` naming one that is not there."""
    by_name = {arm.name: arm for arm in ARMS}
    for name in names:
        if name not in by_name:
            raise ValueError(f"there is no arm {name!r}; there are: {', '.join(by_name)}")
    return tuple(by_name[name] for name in names) or ARMS
