# offlineimap syncs Ben's mailbox with a Maildir both ways; the second full run changes nothing.
set -euo pipefail
command -v offlineimap >/dev/null || { echo "offlineimap is not installed (Debian: offlineimap3)"; exit 1; }
eval "$(python3 - <<'P'
from card import CARD, account
a = account("ben")
print(f'port={CARD["imap"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
cat >rc <<RC
[general]
accounts = ben
metadata = $PWD/meta
ui = basic

[Account ben]
localrepository = here
remoterepository = cloud

[Repository here]
type = Maildir
localfolders = $PWD/mail
sync_deletes = yes

[Repository cloud]
type = IMAP
remotehost = localhost
remoteport = $port
remoteuser = $user
remotepass = $password
ssl = yes
sslcacertfile = $ca
expunge = yes
RC
sync() { offlineimap -c rc -o >log 2>&1 || { tail -n 30 log; exit 1; }; }
sync
count=$(find mail -path '*/cur/*' -o -path '*/new/*' | wc -l)
[ "$count" -gt 20 ] || { echo "only $count mails were pulled"; exit 1; }
# Here: a new mail, one flagged, one deleted. There: one deleted, one read.
mapfile -t some < <(find mail/INBOX/cur mail/INBOX/new -type f | sort | head -n 3)
base() { local name=${1##*/}; echo "${name%%:*}"; }
printf 'From: ben@example.com\r\nTo: anna@example.com\r\nSubject: Hier\r\nMessage-ID: <hier@offlineimap.example.com>\r\nDate: Fri, 2 Jan 2026 10:00:00 +0000\r\n\r\nText\r\n' >"mail/INBOX/cur/1767348000_0.1.here:2,S"
mv "${some[0]}" "mail/INBOX/cur/$(base "${some[0]}"):2,FS"
rm "${some[1]}"
python3 - "${some[0]}" "${some[1]}" <<'P'
import imaplib, re, sys
from card import CARD, account, tls
a = account("ben")
i = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls())
i.login(a["user"], a["password"])
i.select("INBOX")
taken = {re.search(r",U=(\d+)", name).group(1).encode() for name in sys.argv[1:]}
uids = [u for u in i.uid("SEARCH", "ALL")[1][0].split() if u not in taken]
assert i.uid("STORE", uids[0], "+FLAGS", "(\\Deleted)")[0] == "OK"
assert i.expunge()[0] == "OK"
assert i.uid("STORE", uids[1], "FLAGS", "(\\Seen \\Answered)")[0] == "OK"
i.logout()
P
sync
sync
python3 - "$(base "${some[0]}")" "$(base "${some[1]}")" <<'P'
import imaplib, os, re, sys
from card import CARD, account, tls
uid = lambda name: int(re.search(r",U=(\d+)", name).group(1))
flagged, deleted = map(uid, sys.argv[1:])
a = account("ben")
i = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls())
i.login(a["user"], a["password"])
i.select("INBOX", readonly=True)
there = {}
for row in i.fetch("1:*", "(UID FLAGS)")[1]:
    flags = re.search(rb"FLAGS \(([^)]*)\)", row).group(1).decode().split()
    letters = {"\\Seen": "S", "\\Answered": "R", "\\Flagged": "F", "\\Draft": "D", "\\Deleted": "T"}
    there[int(re.search(rb"UID (\d+)", row).group(1))] = "".join(sorted(letters[f] for f in flags if f in letters))
here = {}
for sub in ("cur", "new"):
    for name in os.listdir(f"mail/INBOX/{sub}"):
        here[uid(name)] = "".join(sorted(name.partition(":2,")[2]))
assert here == there, {k: (here.get(k), there.get(k)) for k in here.keys() | there.keys() if here.get(k) != there.get(k)}
assert there[flagged] == "FS", there[flagged]
assert deleted not in there
(new,) = i.uid("SEARCH", 'HEADER Message-ID "<hier@offlineimap.example.com>"')[1][0].split()
octets = i.uid("FETCH", new, "(BODY.PEEK[])")[1][0][1]
want = open("mail/INBOX/cur/" + next(n for n in os.listdir("mail/INBOX/cur") if uid(n) == int(new)), "rb").read()
assert octets == want.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") and b"Subject: Hier" in octets, (octets, want)
P
state() { find mail -type f -printf '%p %s\n' | sort; }
state >first
sync
state >second
diff first second
echo "$count mails pulled, changes of both sides are on both, the last run changed nothing"
