# msmtp sends as a sendmail: recipients from the header, Bcc taken out of it.
set -euo pipefail
command -v msmtp >/dev/null || { echo "msmtp is not installed"; exit 1; }
eval "$(python3 - <<'P'
from card import CARD, account
a = account("anna")
print(f'port={CARD["smtp"]["port"]} tls={CARD["smtp"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
cat >msmtprc <<R
defaults
auth on
tls on
tls_trust_file $ca
host localhost
from anna@example.com
user $user
password $password
logfile msmtp.log

account starttls
port $port

account tls
port $tls
tls_starttls off

account login
port $port
auth login
R
chmod 600 msmtprc
mark="msmtp $RANDOM$RANDOM"
for account in starttls tls login; do
  printf 'From: Anna <anna@example.com>\nTo: ben@example.com\nBcc: rechnung@example.com\nSubject: %s\n\n%s\n.\n%s\n' \
    "$mark $account" "Gruß" ".Punkt" | msmtp -C msmtprc -a "$account" -t
done
msmtp -C msmtprc -a tls --serverinfo >info
grep -q 'PIPELINING' info && grep -q 'AUTH' info
code=0
sed "s/^password .*/password wrong/" msmtprc >wrongrc && chmod 600 wrongrc
echo hello | msmtp -C wrongrc -a tls ben@example.com 2>err || code=$?
[ "$code" -eq 77 ] || { cat err; echo "wrong password: msmtp exit $code"; exit 1; }
mark="$mark" python3 - <<'P'
import os
from card import arrived, submissions
for account in ("starttls", "tls", "login"):
    subject = f"{os.environ['mark']} {account}"
    for mailbox in ("ben@example.com", "rechnung@example.com"):
        mime = arrived(mailbox, subject)
        assert b"rechnung" not in mime.lower(), mime
    assert sorted(submissions(subject)[0]["recipients"]) == ["ben@example.com", "rechnung@example.com"]
P
echo "STARTTLS, TLS, LOGIN; Bcc kept secret"
