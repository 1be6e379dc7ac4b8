# curl sends over smtps and over STARTTLS, with CRLF lines and with bare LF ones.
set -euo pipefail
command -v curl >/dev/null || { echo "curl is not installed"; exit 1; }
eval "$(python3 - <<'P'
from card import CARD, account
a = account("anna")
print(f'port={CARD["smtp"]["port"]} tls={CARD["smtp"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
c() { curl -sS --cacert "$ca" -u "$user:$password" --max-time 60 --mail-from anna@example.com "$@"; }
mark="curl $RANDOM$RANDOM"
mail() { printf 'From: anna@example.com\nTo: ben@example.com\nSubject: %s\n\none\n.\n.two\n..three\n' "$mark $1"; }
mail crlf | sed 's/$/\r/' >crlf.eml
mail lf >lf.eml
mail starttls | sed 's/$/\r/' >starttls.eml
c "smtps://localhost:$tls" --mail-rcpt ben@example.com -T crlf.eml
c "smtps://localhost:$tls" --mail-rcpt ben@example.com -T lf.eml
c --ssl-reqd "smtp://localhost:$port" --mail-rcpt ben@example.com -T starttls.eml
# One refused recipient is exit code 55 or 56; a wrong password is 67.
code=0; c "smtps://localhost:$tls" --mail-rcpt nobody -T crlf.eml 2>err || code=$?
case $code in 55|56) ;; *) cat err; echo "refused recipient: curl exit $code"; exit 1 ;; esac
code=0; curl -sS --cacert "$ca" -u "$user:wrong" --max-time 60 "smtps://localhost:$tls" \
  --mail-from anna@example.com --mail-rcpt ben@example.com -T crlf.eml 2>err || code=$?
[ "$code" -eq 67 ] || { cat err; echo "wrong password: curl exit $code"; exit 1; }
mark="$mark" python3 - <<'P'
import os
from card import arrived
for name in ("crlf", "lf", "starttls"):
    mime = arrived("ben@example.com", f"{os.environ['mark']} {name}")
    assert b"\r\n\r\none\r\n.\r\n.two\r\n..three\r\n" in mime, (name, mime)
P
echo "smtps and STARTTLS, CRLF and LF, dots kept"
