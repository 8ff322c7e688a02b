"""A package index on a loopback port that can be told to fail as networks do."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class ToyIndex:
    """Serve the wheels of a folder. `breaks`: half of a wheel, and then nothing; `hangs`: no answer at all."""

    def __init__(self, wheels: Path) -> None:
        self.wheels, self.breaks, self.hangs = wheels, False, False
        self.asked, self._ended = threading.Event(), threading.Event()
        index = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.set()
                if index.hangs:
                    index._ended.wait(30)
                    return
                self._send(index.page(self.path) if self.path.endswith("/") else index.file(self.path))

            do_HEAD = do_GET  # noqa: N815 - the name that the server looks for

            def _send(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/zip")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    is_cut = index.breaks and not self.path.endswith("/")
                    self.wfile.write(body[: len(body) // 2] if is_cut else body)

            def log_message(self, *_arguments: object) -> None:
                """Keep the tests' output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/simple/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def page(self, path: str) -> bytes:
        name = path.strip("/").split("/")[-1]
        return "".join(f'<a href="/{file.name}">{file.name}</a>' for file in self.wheels.glob(f"{name}-*.whl")).encode()

    def file(self, path: str) -> bytes:
        return (self.wheels / Path(path).name).read_bytes()

    def stop(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
