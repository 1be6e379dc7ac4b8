"""neomutt opens the Inbox and saves every message into a Maildir, on a terminal of its own."""

import imaplib
import mailbox
import os
import pty
import select
import shutil
import sys
import time

from card import CARD, account, tls



def inbox():
    """How many messages another client sees there."""
    imap = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls())
    imap.login(ben["user"], ben["password"])
    return int(imap.select("INBOX", readonly=True)[1][0])


if not shutil.which("neomutt"):
    sys.exit("neomutt is not installed")
ben = account("ben")
with open("muttrc", "w", encoding="utf-8") as rc:
    rc.write(f"""
set folder = "imaps://{ben['user']}@localhost:{CARD['imap']['tls_port']}/"
set spoolfile = "+INBOX"
set imap_user = "{ben['user']}"
set imap_pass = "{ben['password']}"
set certificate_file = "{CARD['ca_file']}"
set ssl_ca_certificates_file = "{CARD['ca_file']}"
set mbox_type = Maildir
set confirmappend = no
set confirmcreate = no
set copy = no
set move = no
set quit = yes
set delete = no
set mark_old = no
set mail_check = 600
set header_cache = "{os.getcwd()}/cache"
set message_cachedir = "{os.getcwd()}/cache"
unset wait_key
push "<tag-pattern>~A<enter><tag-prefix><copy-message>{os.getcwd()}/out<enter><exit>"
""")
os.makedirs("cache")
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", HOME=os.getcwd(), LC_ALL="C.UTF-8")
    os.execvp("neomutt", ["neomutt", "-n", "-F", "muttrc"])
screen = b""
deadline = time.monotonic() + 120
code = None
while time.monotonic() < deadline:
    if select.select([terminal], [], [], 0.5)[0]:
        try:
            screen += os.read(terminal, 65536)
        except OSError:
            pass
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        code = os.waitstatus_to_exitcode(status)
        break
else:
    os.kill(pid, 15)
    sys.exit("neomutt did not finish: " + screen[-2000:].decode("utf-8", "replace"))
mails = list(mailbox.Maildir("out", create=False)) if os.path.exists("out") else []
if code != 0 or len(mails) != inbox():
    sys.exit(f"exit {code}, {len(mails)} mails: " + screen[-3000:].decode("utf-8", "replace"))
assert all(m["Message-ID"] for m in mails), "a saved mail lacks its Message-ID"
print(f"{len(mails)} mails saved")
