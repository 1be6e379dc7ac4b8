# fetchmail hands Anna's Inbox to a delivery agent: kept at first, and marked as read; then with "no keep", deleted on the server
# once it is delivered. Nothing is delivered twice.
set -euo pipefail
command -v fetchmail >/dev/null || { echo "fetchmail is not installed (Debian: fetchmail)"; exit 1; }
export FETCHMAILHOME="$PWD/home" LC_ALL=C
mkdir -p home mails
eval "$(python3 - <<'P'
from card import CARD, account
a = account("anna")
print(f'port={CARD["imap"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
cat >take <<'T'
#!/bin/sh
exec cat >"$(mktemp -p "$1" mail.XXXXXXXX)"
T
chmod +x take
# $1: what is said of keeping. The mailbox is one that the test makes.
write() {
  cat >fetchmailrc <<RC
poll localhost protocol IMAP port $port auth password
  user "$user" password "$password" folder "Fetchmail"
  ssl sslproto "TLS1.2+" sslcertck sslcertfile "$ca" sslcommonname "localhost"
  fetchall $1 mda "$PWD/take $PWD/mails"
RC
  chmod 600 fetchmailrc
}
run() { # exit 1: there is no mail
  local code=0
  fetchmail -f "$PWD/fetchmailrc" --nodetach --nosyslog -v >log 2>&1 || code=$?
  [ "$code" -eq 0 ] || [ "$code" -eq 1 ] || { tail -n 40 log; echo "fetchmail ended with $code"; exit 1; }
}
server() { # make | state | clean
  python3 - "$1" <<'P'
import imaplib, sys
from card import CARD, account, tls
a = account("anna")
i = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls())
i.login(a["user"], a["password"])
if sys.argv[1] == "make":
    assert i.create("Fetchmail")[0] == "OK"
    for n in range(5):
        mail = f"From: ben@example.com\r\nTo: anna@example.com\r\nSubject: fetched {n}\r\n" \
               f"Message-ID: <fetched-{n}@example.com>\r\nMIME-Version: 1.0\r\n\r\nText {n}\r\n.\r\nFrom here on\r\n"
        assert i.append("Fetchmail", None, None, mail.encode())[0] == "OK"
    sys.exit()
if sys.argv[1] == "clean":  # the mails are appended ones: others compare all mail with Graph's own octets
    i.delete("Fetchmail")
    trash = next(line.decode().rsplit(' "/" ', 1)[1] for line in i.list()[1] if b"\\Trash" in line)
    i.select(trash)
    found = i.uid("SEARCH", None, "SUBJECT", '"fetched "')[1][0].split()
    assert len(found) == 5, found
    i.uid("STORE", b",".join(found).decode(), "+FLAGS", r"(\Deleted)")
    i.expunge()
    sys.exit()
total = int(i.select("Fetchmail", readonly=True)[1][0])
unseen = len(i.search(None, "UNSEEN")[1][0].split())
print(total, unseen)
P
}
delivered() { find mails -type f -size +0 | wc -l; }
server make
write keep
run
[ "$(delivered)" -eq 5 ] || { tail -n 40 log; echo "$(delivered) of 5 mails"; exit 1; }
[ "$(server state)" = "5 0" ] || { tail -n 40 log; echo "kept and read: 5 0, not $(server state)"; exit 1; }
for n in 0 1 2 3 4; do
  grep -q "^Subject: fetched $n" mails/* && grep -q "^Text $n" mails/* || { echo "mail $n is not whole"; exit 1; }
done
# Only what is unread is fetched without "fetchall".
sed -i 's/fetchall //' fetchmailrc
run
[ "$(delivered)" -eq 5 ] || { tail -n 40 log; echo "fetched again"; exit 1; }
rm -f mails/*
write "no keep"
run
[ "$(delivered)" -eq 5 ] || { tail -n 40 log; echo "no keep: $(delivered) of 5 mails"; exit 1; }
[ "$(server state)" = "0 0" ] || { tail -n 40 log; echo "flushed: 0 0, not $(server state)"; exit 1; }
run
[ "$(delivered)" -eq 5 ] || { echo "fetched what was deleted"; exit 1; }
server clean
echo "5 mails fetched and kept, then fetched and deleted, none twice"
