# mbsync pulls Anna's mailbox into a Maildir; the second run changes nothing.
set -euo pipefail
command -v mbsync >/dev/null || { echo "mbsync is not installed (Debian: isync)"; exit 1; }
eval "$(python3 - <<'P'
from card import CARD, account
a = account("anna")
print(f'port={CARD["imap"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
cat >mbsyncrc <<RC
IMAPAccount anna
Host localhost
Port $port
User $user
Pass $password
SSLType IMAPS
CertificateFile $ca
SystemCertificates no

IMAPStore cloud
Account anna

MaildirStore here
Path $PWD/mail/
Inbox $PWD/mail/INBOX
SubFolders Verbatim

Channel all
Far :cloud:
Near :here:
Patterns *
Create Near
Sync Pull
SyncState *
CopyArrivalDate yes
RC
mkdir -p mail
mbsync -c mbsyncrc -a
state() { find mail -type f ! -name '.mbsyncstate*' ! -name '.uidvalidity*' -printf '%p %s\n' | sort; }
state >first
count=$(wc -l <first)
[ "$count" -ge 200 ] || { echo "only $count files were pulled"; exit 1; }
mbsync -c mbsyncrc -a
state >second
diff first second
echo "$count messages pulled, second run changed nothing"
