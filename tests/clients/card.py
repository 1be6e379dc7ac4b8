"""What the client scripts share: the demo's card, and the sandbox's Graph as an independent oracle.

Nothing here uses Postern's own code: tokens come from the device-code flow by plain HTTP, messages from
Graph's `$value`, so that a fault of Postern cannot hide itself.
"""

import base64
import json
import os
import ssl
import sys
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request

CARD = json.load(open(os.environ["POSTERN_CARD"], encoding="utf-8"))
TENANT = "organizations"


def client_id():
    """The application that the demo registered, from the config file that it wrote."""
    with open(os.path.join(os.path.dirname(CARD["ca_file"]), "postern.toml"), "rb") as file:
        return tomllib.load(file)["account"][0]["client_id"]


def account(name):
    return next(a for a in CARD["accounts"] if a["name"] == name)


def tls():
    return ssl.create_default_context(cafile=CARD["ca_file"])


def http(method, url, body=None, headers=None, raw=False):
    """One request to the sandbox; returns the parsed JSON, or the octets when `raw`."""
    data = None
    headers = dict(headers or {})
    if isinstance(body, dict) and headers.get("Content-Type", "").startswith("application/x-www-form"):
        data = urllib.parse.urlencode(body).encode()
    elif body is not None:
        data = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        text = answer.read()
    if raw:
        return text
    return json.loads(text) if text else None


def admin(method, path, body=None):
    return http(method, CARD["admin"].rstrip("/") + path, body)


def graph_token(user):
    """Signs `user` in by the device-code flow, as any other program would."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    login = CARD["login"].rstrip("/") + f"/{TENANT}/oauth2/v2.0"
    code = http("POST", login + "/devicecode", {
        "client_id": client_id(),
        "scope": "openid profile offline_access User.Read Mail.ReadWrite Mail.Send",
    }, form)
    admin("POST", "/approve", {"user_code": code["user_code"], "user": user})
    for _ in range(60):
        try:
            return http("POST", login + "/token", {
                "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
                "client_id": client_id(),
                "device_code": code["device_code"],
            }, form)["access_token"]
        except urllib.error.HTTPError as error:
            if json.load(error)["error"] != "authorization_pending":
                raise
        time.sleep(1)
    sys.exit("the sandbox never approved the device code")


class Graph:
    """The signed-in user's mailbox, read without Postern."""

    def __init__(self, user):
        self.root = CARD["graph"].rstrip("/") + "/v1.0"
        self.auth = {
            "Authorization": "Bearer " + graph_token(user),
            "Prefer": 'IdType="ImmutableId"',
        }

    def get(self, path, raw=False):
        url = path if path.startswith("http") else self.root + path
        return http("GET", url, None, self.auth, raw)

    def all(self, path):
        page = self.get(path)
        items = page["value"]
        while "@odata.nextLink" in page:
            page = self.get(page["@odata.nextLink"])
            items += page["value"]
        return items

    def folders(self, path="/me/mailFolders"):
        """All folders that are not hidden, the tree walked level by level."""
        for folder in self.all(path + "?$top=100"):
            yield folder
            if folder["childFolderCount"]:
                yield from self.folders(f"/me/mailFolders/{urllib.parse.quote(folder['id'])}/childFolders")

    def mime(self, message_id):
        return self.get(f"/me/messages/{urllib.parse.quote(message_id)}/$value", raw=True)


def deliver(mailbox, subject, text="Hallo", folder="inbox"):
    """A mail that arrives at Microsoft 365 from outside."""
    mime = (
        f"From: Zustellerin <zustellung@example.net>\r\nTo: {mailbox}\r\nSubject: {subject}\r\n"
        f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime())}\r\n"
        f"Message-ID: <{time.time_ns()}@example.net>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
    return admin("POST", "/deliver", {
        "mailbox": mailbox,
        "folder": folder,
        "mime": base64.b64encode(mime.encode()).decode(),
    })


def submissions(subject):
    """What the sandbox accepted for sending under this subject."""
    return [s for s in admin("GET", "/submissions")["submissions"] if s["subject"] == subject]


def arrived(mailbox, subject, within=60):
    """The octets of the one mail with this subject in the mailbox's Inbox, once it is there."""
    quoted = urllib.parse.quote(mailbox)
    end = time.monotonic() + within
    while time.monotonic() < end:
        items = admin("GET", f"/items?mailbox={quoted}&folder=inbox")["items"]
        found = [i for i in items if i["subject"] == subject]
        if found:
            assert len(found) == 1, f"{len(found)} copies of {subject!r}"
            item = admin("GET", f"/item?mailbox={quoted}&item={urllib.parse.quote(found[0]['id'])}")
            return base64.b64decode(item["mime"])
        time.sleep(0.2)
    sys.exit(f"{subject!r} did not arrive in {mailbox} within {within} s")
