"""nchan, a module of nginx: a message posted to a channel goes to its WebSockets.

It has one worker, no log, no compression and no buffer of messages, so a disconnected client misses
messages. (With a buffer, nchan resumes by a message's time and tag.) It neither detects gaps nor
reads messages.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.load.dialects import CHANNEL
from bench.rivals.posts import Posts
from bench.rivals.rival import Server, UnavailableError, listening, said
from harness.ports import free_port
from harness.processes import LOOPBACK

NAME = "nchan"
DIALECT = "nchan"

_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
_CONFIG = """
user root;  # used if root starts it; it only listens on the loopback
daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log stderr crit;
load_module {module};
events {{ worker_connections 16384; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    client_body_buffer_size 1m;
    client_max_body_size 16m;
    keepalive_requests 1000000;
    keepalive_timeout 1h;
    server {{
        listen {host}:{port} backlog=4096;
        location = /publish {{
            nchan_publisher http;
            nchan_channel_id {channel};
            nchan_store_messages off;
        }}
        location = /{channel} {{
            nchan_subscriber websocket;
            nchan_channel_id {channel};
            nchan_subscriber_first_message newest;
        }}
    }}
}}
"""


@contextmanager
def serve() -> Iterator[Server]:
    """Start nginx on a free port; raise ``UnavailableError`` if nchan is not installed."""
    nginx, port = _nginx(), free_port()
    with tempfile.TemporaryDirectory(prefix="orders-nchan-") as folder:
        file = Path(folder) / "nginx.conf"
        file.write_text(
            _CONFIG.format(folder=folder, module=_MODULE, host=LOOPBACK, port=port, channel=CHANNEL)
        )
        command = [nginx, "-p", folder, "-e", "stderr", "-c", str(file)]
        with listening(command, port) as process:
            version = "of nginx " + said(nginx, "-v").rpartition("/")[2].strip()
            yield Server(process, version, Posts(port, "/publish"), port)


def _nginx() -> str:
    """Return the path of nginx, which may be in sbin."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin")
    if nginx is None or not _MODULE.is_file():
        raise UnavailableError("not installed: apt install nginx libnginx-mod-nchan")
    return nginx
