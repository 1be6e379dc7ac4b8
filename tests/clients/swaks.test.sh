# swaks sends over STARTTLS and over TLS, with both AUTH kinds; a large mail, and one to 100 recipients.
set -euo pipefail
command -v swaks >/dev/null || { echo "swaks is not installed"; exit 1; }
eval "$(python3 - <<'P'
from card import CARD, account
a = account("anna")
print(f'port={CARD["smtp"]["port"]} tls={CARD["smtp"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
mark="swaks $RANDOM$RANDOM"
s() {
  swaks --timeout 60 --from anna@example.com --h-From 'Anna <anna@example.com>' \
    --auth-user "$user" --auth-password "$password" "$@" >log 2>&1 || { cat log; exit 1; }
  grep -q '250 2.0.0 Queued as [0-9]' log || { cat log; exit 1; }
}
starttls=(--server "localhost:$port" --tls --tls-verify --tls-ca-path "$ca")
s "${starttls[@]}" --auth PLAIN --to ben@example.com --h-Subject "$mark plain"
s "${starttls[@]}" --auth LOGIN --to ben@example.com --h-Subject "$mark login"
s --server "localhost:$tls" --tlsc --tls-verify --tls-ca-path "$ca" --auth PLAIN \
  --to ben@example.com --h-Subject "$mark tls"

# A file of 8 MB, which arrives whole.
head -c 8000000 /dev/urandom >file.bin
s "${starttls[@]}" --auth PLAIN --to ben@example.com --h-Subject "$mark large" \
  --attach-type application/octet-stream --attach-name file.bin --attach @file.bin

# 100 recipients, one of whom has a mailbox here; the rest is told to the sender.
to=$(printf 'many%d@example.org,' $(seq 99))ben@example.com
s "${starttls[@]}" --auth PLAIN --to "$to" --h-To 'undisclosed-recipients:;' --h-Subject "$mark many"
[ "$(grep -c '250 2.1.5' log)" -eq 100 ] || { cat log; exit 1; }

# A wrong password is exit code 28 (authentication), and nothing is sent.
code=0
swaks "${starttls[@]}" --auth PLAIN --auth-user "$user" --auth-password wrong --from anna@example.com \
  --to ben@example.com >log 2>&1 || code=$?
[ "$code" -eq 28 ] || { cat log; echo "wrong password: swaks exit $code"; exit 1; }
grep -q '535 5.7.8' log

mark="$mark" python3 - <<'P'
import hashlib, os, email
from card import arrived, submissions
mark = os.environ["mark"]
for name in ("plain", "login", "tls", "large", "many"):
    mime = arrived("ben@example.com", f"{mark} {name}")
    if name == "large":
        parts = [p for p in email.message_from_bytes(mime).walk() if p.get_filename() == "file.bin"]
        assert len(parts) == 1, mime[:2000]
        assert parts[0].get_payload(decode=True) == open("file.bin", "rb").read(), "the file changed"
    if name == "many":
        assert b"example.org" not in mime, "a hidden recipient is shown"
sent = submissions(f"{mark} many")
assert len(sent) == 1 and len(sent[0]["recipients"]) == 100, sent
P
echo "PLAIN, LOGIN, STARTTLS, TLS, 8 MB, 100 recipients"
