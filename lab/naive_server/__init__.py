"""UNSAFE, DO NOT COPY: a small server with one hole, so that the lab can show it beside the server that has none.

The hole is the naive version of the third case (access token valid, refresh token not): "already authenticated, so
reissue the refresh token at once". Everything here is its own: path, key, issuer and table; nothing that it issues
opens anything else, and it is only there in a lab. How to do it right is in `token_auth/guard.py`.
"""

from lab.naive_server.routes import naive_server_blueprint

__all__ = ["naive_server_blueprint"]
