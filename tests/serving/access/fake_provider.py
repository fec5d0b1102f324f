"""A small OpenID Connect provider over a real socket, whose answers tests bend."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

NOW = datetime(2026, 11, 21, 9, 30)
SECONDS = int(NOW.replace(tzinfo=UTC).timestamp())


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


class FakeProvider:
    """A provider whose answers tests bend. `claims` go into the ID token over the good ones; None leaves one out."""

    def __init__(self) -> None:
        self.key = self.signs = RSAKey.generate_key(2048, {"kid": "one"})
        self.header: dict[str, str] = {"alg": "RS256", "kid": "one"}
        self.secret = b""
        self.claims: dict[str, object] = {}
        self.described: dict[str, object] = {}
        self.challenges: dict[str, str] = {}
        self.nonces: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        outer = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(*outer.get(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                self.answer(*outer.post({**form, "authorization": self.headers.get("Authorization", "")}))

            def answer(self, status: int, said: object) -> None:
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def get(self, path: str) -> tuple[int, object]:
        if path == "/jwks":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/jwks"}
        said = {"issuer": self.issuer, **{name: self.issuer + place for name, place in places.items()}}
        return 200, {**said, **self.described}

    def authorize(self, url: str) -> tuple[str, str]:
        """The person signs in there: the state and a code."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["redirect_uri"] == "https://foresell.test/sign-in/oidc/return"
        code = f"code-{len(self.challenges)}"
        self.challenges[code], self.nonces[code] = asked["code_challenge"], asked["nonce"]
        return asked["state"], code

    def post(self, form: dict[str, str]) -> tuple[int, object]:
        self.asked.append(form)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if self.challenges.pop(form.get("code", ""), None) != challenge:
            return 400, {"error": "invalid_grant"}
        good = {
            "iss": self.issuer,
            "aud": "foresell",
            "sub": "person-1",
            "iat": SECONDS,
            "exp": SECONDS + 300,
            "nonce": self.nonces[form["code"]],
            "email": "anna@example.com",
            "email_verified": True,
        }
        claims = {name: value for name, value in {**good, **self.claims}.items() if value is not None}
        if self.header["alg"] == "RS256":
            token = jwt.encode(self.header, claims, self.signs)
        else:
            signed = ".".join(_encoded(json.dumps(part).encode()) for part in (self.header, claims))
            mac = hmac.digest(self.secret, signed.encode(), "sha256") if self.header["alg"] == "HS256" else b""
            token = f"{signed}.{_encoded(mac)}"
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": token}

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
