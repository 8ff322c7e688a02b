"""UNSAFE, DO NOT COPY: a small server with one hole, which the lab shows next to the correct server.

The hole is the naive version of the third case (access token valid, refresh token not): "already authenticated, so
reissue the refresh token at once". The server has its own path, key, issuer and table. Its tokens are not accepted
elsewhere, and it runs only in a lab. `token_auth/guard.py` has the correct version.
"""

from lab.naive_server.routes import naive_server_blueprint

__all__ = ["naive_server_blueprint"]
