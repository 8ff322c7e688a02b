"""`/jwt`: a token taken apart, and what none may carry."""

from lab.pages.jwt.routes import jwt_blueprint

__all__ = ["jwt_blueprint"]
