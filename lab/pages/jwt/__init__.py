"""`/jwt`: decode a token, and show what a token must not contain."""

from lab.pages.jwt.routes import jwt_blueprint

__all__ = ["jwt_blueprint"]
