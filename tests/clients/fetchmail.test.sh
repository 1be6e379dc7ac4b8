# fetchmail collects Ben's Inbox and leaves it as it is.
set -euo pipefail
command -v fetchmail >/dev/null || { echo "fetchmail is not installed"; exit 1; }
eval "$(python3 - <<'P'
from card import CARD, account
a = account("ben")
print(f'port={CARD["imap"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
mkdir mails
cat >take <<'T'
#!/bin/sh
cat >"$(mktemp -p "$1" mail.XXXXXXXX)"
T
chmod +x take
cat >fetchmailrc <<RC
poll 127.0.0.1 service $port protocol imap
  user "$user" password "$password"
  ssl sslcertck sslcertfile "$ca"
  mda "$PWD/take $PWD/mails"
  keep fetchall
RC
chmod 600 fetchmailrc
HOME=$PWD FETCHMAILHOME=$PWD fetchmail -f fetchmailrc --nodetach --nosyslog -v >log 2>&1 || { code=$?; tail -n 30 log; exit $code; }
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
echo "$got mails fetched"
