# curl lists, searches and reads over imaps and over STARTTLS.
set -euo pipefail
command -v curl >/dev/null || { echo "curl is not installed"; exit 1; }
eval "$(python3 - <<'P'
from card import CARD, account
a = account("anna")
print(f'port={CARD["imap"]["port"]} tls={CARD["imap"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
c() { curl -sS --cacert "$ca" -u "$user:$password" --max-time 60 "$@"; }
c "imaps://localhost:$tls/" >list
grep -q INBOX list
grep -q 'Gesendete Elemente' list
c "imaps://127.0.0.1:$tls/" | cmp - list
c --ssl-reqd "imap://localhost:$port/" | cmp - list
c "imaps://localhost:$tls/INBOX" -X 'UID SEARCH ALL' >found
last=$(tr -d '\r' <found | awk '{print $NF}')
c "imaps://localhost:$tls/INBOX;UID=$last" >mail.eml
grep -qi '^Subject:' mail.eml
grep -qi '^Message-ID:' mail.eml
c "imaps://localhost:$tls/INBOX;UID=$last;SECTION=HEADER.FIELDS%20(SUBJECT)" >subject
grep -qi '^Subject:' subject
# A wrong password is exit code 67 (login denied) and nothing else.
code=0; curl -sS --cacert "$ca" -u "$user:wrong" --max-time 60 "imaps://localhost:$tls/" 2>/dev/null || code=$?
[ "$code" -eq 67 ] || { echo "wrong password: curl exit $code"; exit 1; }
echo "$(wc -l <list) folders, message $last of $(wc -c <mail.eml) octets"
