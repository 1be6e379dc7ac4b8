"""What Microsoft 365 refuses for good is not lost: imaplib finds it in "Recovered", octet for octet, and moves it on once it is taken."""

import imaplib
import time

from card import CARD, account, admin, tls

BEN = account("ben")


def connect():
    imap = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls(), timeout=60)
    imap.login(BEN["user"], BEN["password"])
    return imap


def folders(imap):
    return b"\n".join(imap.list()[1]).decode()


def messages(imap, folder):
    """UID, octets of each message."""
    status, data = imap.select(folder)
    assert status == "OK", data
    uids = imap.uid("SEARCH", None, "ALL")[1][0].split()
    out = {}
    for uid in uids:
        status, data = imap.uid("FETCH", uid, "(BODY.PEEK[])")
        assert status == "OK", data
        out[uid] = data[0][1]
    return out


mark = f"Nicht angenommen {time.time_ns()}"
octets = (
    f"From: Ben <ben@example.com>\r\nTo: anna@example.com\r\nSubject: {mark}\r\n"
    f"Date: Mon, 05 Jan 2026 08:00:00 +0100\r\nMessage-ID: <{time.time_ns()}@example.com>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n"
).encode()

imap = connect()
assert "Recovered" not in folders(imap), "nothing was refused yet"
error = {"code": "ErrorInvalidRequest", "message": "The request is invalid."}
admin("POST", "/faults", {
    "host": "graph", "method": "POST", "path": "/messages", "times": 100, "status": 400, "body": {"error": error},
})
for _ in range(2):  # a client that repeats it makes no second copy
    status, said = imap.append("INBOX", r"(\Seen)", None, octets)
    assert status == "NO" and b"Recovered" in said[0], (status, said)
assert "Recovered" in folders(imap), folders(imap)
kept = messages(imap, "Recovered")
copies = [uid for uid, text in kept.items() if text == octets]
assert len(copies) == 1, f"{len(copies)} copies among {len(kept)}"
notes = [text for uid, text in kept.items() if uid not in copies]
assert len(notes) == 1 and b"ErrorInvalidRequest" in notes[0], notes

# Another connection reads the same; nobody can put something in.
other = connect()
assert messages(other, "Recovered") == kept
assert other.append("Recovered", None, None, octets)[0] == "NO"
assert other.delete("Recovered")[0] == "NO"
other.logout()

# The fault is over: the message moves to where it was to be.
admin("DELETE", "/faults")
status, said = imap.uid("MOVE", copies[0], "INBOX")
assert status == "OK", said
left = messages(imap, "Recovered")
assert octets not in left.values(), "it was moved"
imap.select("INBOX")
uids = imap.uid("SEARCH", None, "SUBJECT", f'"{mark}"')[1][0].split()
assert len(uids) == 1, uids
assert imap.uid("FETCH", uids[0], "(BODY.PEEK[])")[1][0][1] == octets
# Away with it again, for those who come after.
imap.uid("STORE", uids[0], "+FLAGS", r"(\Deleted)")
imap.expunge()
for uid in left:
    imap.select("Recovered")
    imap.uid("STORE", uid, "+FLAGS", r"(\Deleted)")
    imap.expunge()
assert messages(imap, "Recovered") == {}
imap.logout()
print("kept once with the reason, moved on octet for octet")
