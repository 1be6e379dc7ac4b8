# neomutt writes, msmtp sends, and neomutt puts its own copy into Sent Items over IMAP (Fcc): one mail for
# each recipient, Bcc told to nobody, and one copy in Sent Items.
set -euo pipefail
for program in neomutt msmtp; do
  command -v $program >/dev/null || { echo "$program is not installed"; exit 1; }
done
eval "$(python3 - <<'P'
from card import CARD, account
a = account("anna")
print(f'smtp={CARD["smtp"]["tls_port"]} imap={CARD["imap"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
export HOME=$PWD LC_ALL=C.UTF-8 TERM=xterm
cat >msmtprc <<R
account default
host localhost
port $smtp
auth on
tls on
tls_starttls off
tls_trust_file $ca
from anna@example.com
user $user
password $password
R
chmod 600 msmtprc
cat >muttrc <<R
set realname = "Anna Köhler"
set from = anna@example.com
set use_envelope_from = yes
set sendmail = "msmtp -C $PWD/msmtprc"
set sendmail_wait = 0
set write_bcc = no
set folder = "imaps://$user@localhost:$imap/"
set imap_user = "$user"
set imap_pass = "$password"
set certificate_file = "$ca"
set ssl_ca_certificates_file = "$ca"
set record = "+Gesendete Elemente"
set copy = yes
set confirmappend = no
set confirmcreate = no
set charset = utf-8
set send_charset = "us-ascii:iso-8859-1:utf-8"
R
mark="Grüße über neomutt $RANDOM$RANDOM"
head -c 200000 /dev/urandom >anlage.bin
printf 'Schöne Grüße\n.\n.Punkt\n' | neomutt -n -F muttrc -s "$mark" -b rechnung@example.com -c anna@example.com \
  -a anlage.bin -- ben@example.com >out 2>&1 || { cat out; exit 1; }
mark="$mark" python3 - <<'P'
import email, email.policy, os, time
from card import Graph, arrived, submissions
subject = os.environ["mark"]
for mailbox in ("ben@example.com", "anna@example.com", "rechnung@example.com"):
    mime = arrived(mailbox, subject)
    assert b"rechnung" not in mime.lower(), "the blind copy is told to " + mailbox
    mail = email.message_from_bytes(mime, policy=email.policy.default)
    assert mail["Subject"] == subject and "Köhler" in mail["From"], mail["From"]
    assert "Schöne Grüße\n.\n.Punkt" in mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    files = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    assert files == {"anlage.bin": open("anlage.bin", "rb").read()}, list(files)
sent = submissions(subject)
assert len(sent) == 1, sent
assert sorted(sent[0]["recipients"]) == ["anna@example.com", "ben@example.com", "rechnung@example.com"]

graph = Graph("anna@example.com")
copies = lambda: [m for m in graph.all("/me/mailFolders/sentitems/messages?$select=subject&$top=100") if m["subject"] == subject]
for _ in range(100):
    found = copies()
    if found:
        break
    time.sleep(0.3)
time.sleep(5)  # a second copy would come late
assert len(copies()) == 1, f"{len(copies())} copies in Sent Items"
P
echo "text, attachment, Bcc kept secret, one copy in Sent Items"
