"""Python's imaplib reads every message of the demo; each octet is compared with what Graph gives."""

import hashlib
import imaplib
import re
import time

from card import CARD, Graph, account, deliver, tls

ANNA = account("anna")


def connect(user=ANNA, starttls=False):
    if starttls:
        imap = imaplib.IMAP4(CARD["imap"]["host"], CARD["imap"]["port"])
        imap.starttls(tls())
    else:
        imap = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls())
    imap.login(user["user"], user["password"])
    return imap


def folders(imap):
    status, lines = imap.list()
    assert status == "OK", lines
    for line in lines:
        flags, name = re.match(rb'\(([^)]*)\) "/" "?(.*?)"?$', line).groups()
        if b"\\Noselect" not in flags:
            yield flags.decode(), name.decode()


def quoted(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fetched(imap, uids, items):
    """UID -> literal of one FETCH of one literal item."""
    status, data = imap.uid("FETCH", uids, items)
    assert status == "OK", data
    found = {}
    for part in data:
        if isinstance(part, tuple):
            found[int(re.search(rb"UID (\d+)", part[0]).group(1))] = (part[0], part[1])
    return found


imap = connect()
names = list(folders(imap))
roles = {f for flags, _ in names for f in flags.split() if f in ("\\Sent", "\\Drafts", "\\Trash", "\\Junk", "\\Archive")}
assert roles == {"\\Sent", "\\Drafts", "\\Trash", "\\Junk", "\\Archive"}, roles
assert any(n == "INBOX" for _, n in names), names
assert any(n == "Gesendete Elemente" for _, n in names), names
assert any("&" in n.replace("&-", "") for _, n in names), "no name in modified UTF-7"

# What Graph has, by the digest of its octets.
graph = Graph(ANNA["mailbox"])
oracle = {}
for folder in graph.folders():
    for message in graph.all(f"/me/mailFolders/{folder['id']}/messages?$select=id&$top=200"):
        octets = graph.mime(message["id"])
        oracle.setdefault(hashlib.sha256(octets).hexdigest(), []).append(message["id"])

seen = {}
total = 0
for _, name in names:
    status, count = imap.select(quoted(name), readonly=True)
    assert status == "OK", (name, count)
    if int(count[0]) == 0:
        continue
    status, data = imap.uid("SEARCH", None, "ALL")
    uids = data[0].split()
    assert len(uids) == int(count[0]), name
    assert uids == sorted(uids, key=int), "UIDs ascend"
    status, sizes = imap.uid("FETCH", "1:*", "(RFC822.SIZE ENVELOPE BODYSTRUCTURE INTERNALDATE FLAGS)")
    assert status == "OK", sizes
    for uid, (head, octets) in fetched(imap, "1:*", "(RFC822.SIZE BODY.PEEK[])").items():
        size = int(re.search(rb"RFC822\.SIZE (\d+)", head).group(1))
        assert size == len(octets), (name, uid, size, len(octets))
        digest = hashlib.sha256(octets).hexdigest()
        seen.setdefault(digest, []).append((name, uid))
        total += 1
missing = {d for d in oracle if d not in seen}
extra = {d for d in seen if d not in oracle}
assert not missing and not extra, f"{len(missing)} of Graph's messages missing, {len(extra)} foreign: {[seen[d] for d in extra][:5]}"
assert total == sum(len(v) for v in oracle.values()), (total, len(oracle))

# A second connection, by STARTTLS, is told of new mail while it idles.
idle = connect(starttls=True)
idle.select("INBOX", readonly=True)
before = int(idle.response("EXISTS")[1][0] or 0) if idle.response("EXISTS")[1] else None
tag = idle._new_tag().decode()
idle.send(f"{tag} IDLE\r\n".encode())
assert idle.readline().startswith(b"+")
time.sleep(1)
deliver(ANNA["mailbox"], "Frisch eingetroffen")
start = time.monotonic()
idle.sock.settimeout(20)
while True:
    line = idle.readline()
    if b"EXISTS" in line:
        break
    assert line, "the connection closed during IDLE"
waited = time.monotonic() - start
assert waited < 8, f"{waited:.1f} s until EXISTS"
idle.send(b"DONE\r\n")
while not idle.readline().startswith(tag.encode()):
    pass
status, data = idle.uid("SEARCH", None, "SUBJECT", '"Frisch eingetroffen"')
assert status == "OK" and len(data[0].split()) >= 1, data
idle.logout()

# Ben's mailbox is another one; a wrong password opens none.
ben = connect(account("ben"))
assert any(n == "Sent Items" for _, n in folders(ben))
ben.logout()
wrong = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls())
try:
    wrong.login(ANNA["user"], "not-the-password")
    raise SystemExit("a wrong password was accepted")
except imaplib.IMAP4.error as error:
    assert "AUTHENTICATIONFAILED" in str(error), error
imap.logout()
print(f"{len(names)} folders, {total} messages octet for octet, new mail after {waited:.1f} s")
