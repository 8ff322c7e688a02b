"""Starlette and FastAPI with PyJWT, as in Starlette's documentation and FastAPI's tutorial."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from starlette.applications import Starlette
from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    SimpleUser,
    requires,
)
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.arms.arm import profile

SECRET, ALGORITHM = "for this benchmark only, and 32 bytes at least", "HS256"


def token_for(name: str) -> str:
    """Return a token as in the tutorial: a subject and an expiry."""
    return jwt.encode({"sub": name, "exp": datetime.now(UTC) + timedelta(minutes=30)}, SECRET, ALGORITHM)


def member_of(token: str) -> dict[str, str]:
    """Return the member in the token. Raise `jwt.InvalidTokenError`."""
    name = jwt.decode(token, SECRET, algorithms=[ALGORITHM])["sub"]
    return {"id": name, "username": name, "role": "user"}


def fastapi() -> FastAPI:
    """Guard the page by a dependency."""
    app = FastAPI()
    bearer = OAuth2PasswordBearer(tokenUrl="login")

    async def current_member(token: Annotated[str, Depends(bearer)]) -> dict[str, str]:
        try:
            return member_of(token)
        except jwt.InvalidTokenError:
            raise HTTPException(401, "Could not validate credentials") from None

    @app.post("/login")
    async def log_in(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
        return {"access_token": token_for(form.username), "token_type": "bearer"}

    @app.get("/profile")
    async def show(member: Annotated[dict[str, str], Depends(current_member)]) -> dict[str, Any]:
        return profile("token", member)

    return app


class Bearer(AuthenticationBackend):
    """Authenticate the user by the token in the Authorization header."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        scheme, _, token = conn.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            return AuthCredentials(["authenticated"]), SimpleUser(member_of(token)["username"])
        except jwt.InvalidTokenError:
            raise AuthenticationError("Invalid token") from None


def starlette() -> Starlette:
    """Guard the page by the authentication middleware."""

    async def log_in(request: Request) -> JSONResponse:
        return JSONResponse({"access_token": token_for((await request.json())["username"])})

    @requires("authenticated", status_code=401)
    async def show(request: Request) -> JSONResponse:
        name = request.user.username
        return JSONResponse(profile("token", {"id": name, "username": name, "role": "user"}))

    def refusal(_connection: HTTPConnection, error: Exception) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 401)

    guard = Middleware(AuthenticationMiddleware, backend=Bearer(), on_error=refusal)
    routes = [Route("/login", log_in, methods=["POST"]), Route("/profile", show)]
    return Starlette(routes=routes, middleware=[guard])
