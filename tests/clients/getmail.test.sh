# getmail collects Ben's Inbox and leaves it as it is; the second run fetches nothing.
set -euo pipefail
command -v getmail >/dev/null || { echo "getmail is not installed (Debian: getmail6)"; exit 1; }
eval "$(python3 - <<'P'
from card import CARD, account
a = account("ben")
print(f'port={CARD["imap"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
mkdir -p mails state
# getmail writes no Maildir as root, which CI may be.
cat >take <<'T'
#!/bin/sh
cat >"$(mktemp -p "$1" mail.XXXXXXXX)"
T
chmod +x take
cat >getmailrc <<RC
[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = $port
username = $user
password = $password
mailboxes = ("INBOX",)
ca_certs = $ca

[destination]
type = MDA_external
path = $PWD/take
arguments = ("$PWD/mails",)
allow_root_commands = true

[options]
read_all = false
delete = false
delivered_to = false
received = false
RC
getmail --getmaildir "$PWD/state" --rcfile "$PWD/getmailrc" >log 2>&1 || { code=$?; tail -n 30 log; exit $code; }
want=$(python3 - <<'P'
import imaplib
from card import CARD, account, tls
a = account("ben")
i = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls())
i.login(a["user"], a["password"])
print(int(i.select("INBOX", readonly=True)[1][0]))
P
)
got=$(find mails -type f | wc -l)
[ "$got" -eq "$want" ] || { tail -n 30 log; echo "$got of $want mails"; exit 1; }
bare=$(grep -L -i '^Message-ID:' mails/* || true)
[ -z "$bare" ] || { echo "without Message-ID: $bare"; exit 1; }
getmail --getmaildir "$PWD/state" --rcfile "$PWD/getmailrc" >again 2>&1
[ "$(find mails -type f | wc -l)" -eq "$got" ] || { cat again; echo "the second run fetched mails again"; exit 1; }
echo "$got mails fetched, none twice"
