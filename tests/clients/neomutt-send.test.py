"""neomutt sends through msmtp: umlauts, an attachment, a Bcc, and its own copy in Sent."""

import email
import email.policy
import os
import subprocess
import sys
import time

import shutil

from card import CARD, account, admin, arrived, submissions

for program in ("neomutt", "msmtp"):
    if not shutil.which(program):
        sys.exit(f"{program} is not installed")
anna = account("anna")
with open("msmtprc", "w", encoding="utf-8") as rc:
    rc.write(f"""
account default
host localhost
port {CARD['smtp']['tls_port']}
tls on
tls_starttls off
tls_trust_file {CARD['ca_file']}
auth on
from anna@example.com
user {anna['user']}
password {anna['password']}
""")
os.chmod("msmtprc", 0o600)
with open("muttrc", "w", encoding="utf-8") as rc:
    rc.write(f"""
set sendmail = "msmtp -C {os.getcwd()}/msmtprc"
set from = "anna@example.com"
set realname = "Anna Müller"
set folder = "imaps://{anna['user']}@localhost:{CARD['imap']['tls_port']}/"
set imap_user = "{anna['user']}"
set imap_pass = "{anna['password']}"
set certificate_file = "{CARD['ca_file']}"
set ssl_ca_certificates_file = "{CARD['ca_file']}"
set record = "+Sent Items"
set copy = yes
set charset = "utf-8"
set send_charset = "us-ascii:utf-8"
""")
octets = bytes(range(256)) * 40
with open("Übersicht.bin", "wb") as file:
    file.write(octets)
subject = f"Grüße aus Köln {time.time_ns()}"
done = subprocess.run(
    ["neomutt", "-n", "-F", "muttrc", "-s", subject, "-b", "rechnung@example.com",
     "-a", "Übersicht.bin", "--", "ben@example.com"],
    input="Schöner Text.\n", text=True, capture_output=True, timeout=120,
    env={**os.environ, "HOME": os.getcwd(), "LC_ALL": "C.UTF-8", "TERM": "dumb"},
)
assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)

for mailbox in ("ben@example.com", "rechnung@example.com"):
    mime = arrived(mailbox, subject)
    assert b"rechnung" not in mime.lower(), mime[:2000]
    mail = email.message_from_bytes(mime, policy=email.policy.default)
    assert mail["Subject"] == subject, mail["Subject"]
    assert "Schöner Text." in mail.get_body(("plain", "html")).get_content()
    files = [(part.get_filename(), part.get_content()) for part in mail.iter_attachments()]
    assert files == [("Übersicht.bin", octets)], [(name, len(content)) for name, content in files]
told = submissions(subject)
assert len(told) == 1 and sorted(told[0]["recipients"]) == ["ben@example.com", "rechnung@example.com"], told


def copies():
    items = admin("GET", "/items?mailbox=anna@example.com&folder=sentitems")["items"]
    return [item for item in items if item["subject"] == subject]


end = time.monotonic() + 60
while not copies() and time.monotonic() < end:
    time.sleep(0.2)
time.sleep(2)  # A second copy would come now.
assert len(copies()) == 1, copies()
print("attachment, umlauts, Bcc kept secret, one copy in Sent")
