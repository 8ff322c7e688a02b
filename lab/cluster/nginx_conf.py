"""The load balancer's settings: one nginx with a round robin port and a sticky port."""

from collections.abc import Sequence
from pathlib import Path

# Nodes listen on sockets in a folder that only our user can enter, so only nginx can send them `X-Forwarded-For`. nginx
# overwrites the client's value, unless trusted proxies are in front of it. A page may also choose the balancing by a
# header, so that it needs only one origin.
SETTINGS = """\
daemon off;
{user}worker_processes 1;
worker_rlimit_nofile 8192;
pid "{folder}/nginx.pid";
error_log stderr emerg;  # the supervisor reports a node that is down
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
        sticky cookie sot_node path=/ httponly samesite=lax;
        keepalive 64;
    }}
    map $http_x_lab_door $listener {{ default round_robin; sticky sticky; }}

    # What a browser is shown while no node answers, in its language; a program gets a problem.
    map $http_accept $wants_page {{ default no; ~text/html yes; }}
    map $http_accept_language $asked {{ default en; ~*^ko ko; }}
    map $cookie_sot_language $language {{ default $asked; ko ko; en en; }}
    # The nodes' server hands over no header with a character outside ASCII: with one such cookie of another program all
    # were lost. Then ours alone are passed on, six at most. One that comes twice stays twice, for that is refused.
    map $http_cookie $cookies {{ default $http_cookie; "~[^\x20-\x7e]" $own_cookies; }}
    map $http_cookie $own_cookies {{
        default "";
        # More than we set: another site has planted some, to hide one of ours behind them. None is passed on.
        "~{too_many_cookies}" "";
        "~{own_cookies}" "$own1; $own2; $own3; $own4; $own5; $own6";
    }}
    map "$wants_page $language" $no_node {{ default /@no_node; "yes en" /@no_node/en; "yes ko" /@no_node/ko; }}

    proxy_http_version 1.1;
    proxy_connect_timeout 1s;
    proxy_read_timeout 60s;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header Cookie $cookies;
    proxy_set_header X-Forwarded-For {forwarded_for};
    # A GET or PUT that failed goes to the next node; a POST may have been carried out already and does not. This is
    # nginx's default, written down.
    proxy_next_upstream error timeout;
    # Just above what a node takes: more is refused here, where it is read to its end.
    client_max_body_size 65k;
    client_body_timeout 10s;
    client_header_timeout 10s;
    send_timeout 10s;
    keepalive_timeout 30s;
    reset_timedout_connection on;
    # Scripts and styles only. The length of a compressed page can tell a secret in it (BREACH).
    gzip_types text/css text/javascript image/svg+xml;
    gzip_min_length 1000;
    gzip_vary on;
    # Requests at a time from one address; a whole class may share one. This machine's own load tests are not limited.
    # Connections without a request are not counted: nginx closes the oldest of them when it runs out of connections.
    geo $here {{ default ""; 127.0.0.0/8 1; ::1 1; }}
    map $here $limited {{ 1 ""; default {limited}; }}
    limit_conn_zone $limited zone=addresses:1m;
    limit_conn addresses 250;
    limit_conn_status 429;
    # One buffer takes a node's largest header, with its trace; what a client sends may be as large as a node takes.
    large_client_header_buffers 4 64k;
    proxy_buffer_size 32k;
    proxy_buffers 8 32k;

    # The balancer's own errors look like every other error of the lab.
    error_page 502 503 504 =503 $no_node;
    error_page 413 @large_body;
    error_page 429 @crowded;
    # These are addresses and not named locations: a request whose own address cannot be read reaches no named location.
    error_page 494 414 =431 /@large_header;
    error_page 400 405 501 505 =400 /@bad_request;

    server {{
        listen {round_robin} backlog=1024;
        location / {{ proxy_pass http://$listener; }}
        location /static/ {{ proxy_pass http://$listener; gzip on; }}
{problems}
    }}
    server {{
        listen {sticky} backlog=1024;
        location / {{ proxy_pass http://sticky; }}
        location /static/ {{ proxy_pass http://sticky; gzip on; }}
{problems}
    }}
}}
"""
# A failed request does not mark a node as down, because a client could cause failures. A node that is down refuses
# the connection at once, and nginx tries the next one.
SERVER = '        server "unix:{socket}" max_fails=0;'
PROBLEM = """\
        location {name} {{
            default_type application/problem+json;
            add_header Retry-After {retry_after} always;
            add_header Cache-Control no-store always;
            add_header X-Content-Type-Options nosniff always;
            return {status} '{{"type":"urn:session-or-token:problem:{code}","title":"{title}","status":{status},\
"code":"{code}"}}';
        }}"""
# The page reloads itself, but does not send a form again.
PAGE = """\
        location = /@no_node/{language} {{
            default_type "text/html; charset=utf-8";
            add_header Retry-After 1 always;
            add_header Cache-Control no-store always;
            add_header X-Content-Type-Options nosniff always;
            add_header Content-Security-Policy "default-src 'none'; frame-ancestors 'none'" always;
            return 503 '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>\
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">\
<meta http-equiv="refresh" content="2"></head><body><h1>{title}</h1><p>{says}</p></body></html>';
        }}"""
PAGES = "\n".join(
    [
        PAGE.format(
            language="en",
            title="No node answers at the moment",
            says="The lab’s nodes are starting, or they were stopped. This page reloads every two seconds.",
        ),
        PAGE.format(
            language="ko",
            title="지금은 응답하는 노드가 없습니다",
            says="실습실의 노드가 시작하는 중이거나 종료되었습니다. 이 페이지는 2초마다 새로 고칩니다.",
        ),
    ]
)
PROBLEMS = "\n".join(
    [
        PROBLEM.format(name="= /@no_node", status=503, code="no_node", title="No node answers", retry_after=1),
        PROBLEM.format(
            name="@large_body", status=413, code="bad_request", title="The body is too large", retry_after='""'
        ),
        PROBLEM.format(name="@crowded", status=429, code="crowded", title="Too many at once", retry_after=1),
        PROBLEM.format(
            name="= /@bad_request", status=400, code="bad_request", title="This is no request", retry_after='""'
        ),
        PROBLEM.format(
            name="= /@large_header", status=431, code="bad_request", title="A header is too large", retry_after='""'
        ),
    ]
)


OWN_COOKIE = r"(?:__Secure-)?sot_\w+=[!-:<-~]*)(?=;|$)"
NAME = r"(?:__Secure-)?sot_\w+="
# Seven or more session cookies. No backtracking, because a header may be long.
TOO_MANY_COOKIES = rf"^(?:(?!{NAME})[^;]*+; ?)*+(?:{NAME}[^;]*+(?:;(?! ?{NAME})[^;]*+)*+(?:; ?|$)){{7}}"
OWN_COOKIES = f"(?:^|; ?)(?<own1>{OWN_COOKIE}" + "".join(f"(?:.*?; ?(?<own{n}>{OWN_COOKIE})?" for n in range(2, 7))


def nginx_conf(
    folder: Path, sockets: Sequence[Path], round_robin: str, sticky: str, user: str, has_proxy_in_front: bool
) -> str:
    """Return the nginx configuration for these nodes. It writes to `folder`. Listen addresses are in nginx's form."""
    return SETTINGS.format(
        folder=folder,
        servers="\n".join(SERVER.format(socket=socket) for socket in sockets),
        round_robin=round_robin,
        sticky=sticky,
        user=user,
        own_cookies=OWN_COOKIES,
        too_many_cookies=TOO_MANY_COOKIES,
        problems=f"{PROBLEMS}\n{PAGES}",
        forwarded_for="$proxy_add_x_forwarded_for" if has_proxy_in_front else "$remote_addr",
        limited='""'
        if has_proxy_in_front
        else "$binary_remote_addr",  # behind a proxy all clients have the proxy's address
    )
