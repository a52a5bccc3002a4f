"""The fixture ``hub``: repositories in memory, answered over HTTP on this machine alone as huggingface_hub asks."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest


@dataclass
class Stub:
    """``files`` by repository and name; what else is set makes it answer otherwise."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refuse: int = 0
    """An HTTP status for every request."""
    cut: str = ""
    """A file whose download breaks off in the middle."""
    said_size: dict[str, int] = field(default_factory=dict)
    """Sizes that it tells instead of the true ones."""
    address: str = ""
    asked: list[str] = field(default_factory=list)
    authorized: list[bool] = field(default_factory=list)
    """Whether each POST came with a token."""

    def sha(self, repository: str) -> str:
        """A commit for the files as they are."""
        return hashlib.sha1(repr(sorted(self.files[repository].items())).encode()).hexdigest()


@contextmanager
def serving() -> Iterator[Stub]:
    """Give a stub that answers until the block ends."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None: ...

        def answer(self, code: int, document: object, **headers: str) -> None:
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(code)
            given = {"Content-Type": "application/json", "Content-Length": str(len(content))}
            for name, value in (given | headers).items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            stub.asked.append(f"{self.command} {path}")
            if stub.refuse:
                return self.answer(stub.refuse, {"error": "no"})
            if path.startswith("/api/models/"):
                return self.about(path.removeprefix("/api/models/").split("/revision/")[0])
            repository, _, rest = path[1:].partition("/resolve/")
            name = rest.partition("/")[2]
            if repository not in stub.files:
                return self.answer(404, {}, X_Error_Code="RepoNotFound")
            if name not in stub.files[repository]:
                return self.answer(404, {}, X_Error_Code="EntryNotFound")
            content = stub.files[repository][name]
            tag = hashlib.sha256(content).hexdigest()
            headers = {"ETag": f'"{tag}"', "X_Repo_Commit": stub.sha(repository), "Accept_Ranges": "bytes"}
            if name == stub.cut and self.command == "GET":
                self.send_response(200)
                for key, value in {**headers, "Content_Length": str(len(content))}.items():
                    self.send_header(key.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
                return None
            return self.answer(200, content, **headers)

        do_HEAD = do_GET

        def about(self, repository: str) -> None:
            if repository not in stub.files:
                return self.answer(404, {"error": "x"}, X_Error_Code="RepoNotFound")
            siblings = [
                {"rfilename": name, "size": stub.said_size.get(name, len(content))}
                for name, content in stub.files[repository].items()
            ]
            return self.answer(200, {"id": repository, "sha": stub.sha(repository), "siblings": siblings})

        def do_POST(self) -> None:
            path = urlsplit(self.path).path
            stub.asked.append(f"POST {path}")
            stub.authorized.append("Authorization" in self.headers)
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if stub.refuse:
                return self.answer(stub.refuse, {"error": "no"})
            if path == "/api/repos/create":
                about = json.loads(content)
                repository = "/".join(filter(None, (about.get("organization"), about["name"])))
                stub.files.setdefault(repository, {})
                return self.answer(200, {"url": f"{stub.address}/{repository}", "name": repository})
            if path == "/api/validate-yaml":
                return self.answer(200, {"errors": [], "warnings": []})
            repository, _, rest = path.removeprefix("/api/models/").partition("/preupload/")
            if rest:
                files = [
                    {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for f in json.loads(content)["files"]
                ]
                return self.answer(200, {"files": files})
            repository = path.removeprefix("/api/models/").partition("/commit/")[0]
            for line in map(json.loads, content.splitlines()):
                if line["key"] == "file":
                    stub.files[repository][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            sha = stub.sha(repository)
            url = f"{stub.address}/{repository}/commit/{sha}"
            return self.answer(200, {"success": True, "commitOid": sha, "commitUrl": url})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stub]:
    """A stub; huggingface_hub finds no account, and no cache of anybody's."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with serving() as stub:
        yield stub
