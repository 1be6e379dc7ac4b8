# mbsync both ways: mails and a folder are made, moved, flagged and deleted on both sides; the last run does nothing.
set -euo pipefail
command -v mbsync >/dev/null || { echo "mbsync is not installed (Debian: isync)"; exit 1; }
eval "$(python3 - <<'P'
from card import CARD, account
a = account("ben")
print(f'port={CARD["imap"]["tls_port"]} user={a["user"]} password={a["password"]} ca={CARD["ca_file"]}')
P
)"
cat >mbsyncrc <<RC
IMAPAccount ben
Host localhost
Port $port
User $user
Pass $password
SSLType IMAPS
CertificateFile $ca
SystemCertificates no

IMAPStore cloud
Account ben

MaildirStore here
Path $PWD/mail/
Inbox $PWD/mail/INBOX
SubFolders Verbatim

Channel all
Far :cloud:
Near :here:
Patterns *
Create Both
Expunge Both
Sync All
SyncState *
CopyArrivalDate yes
RC
mkdir -p mail
mbsync -c mbsyncrc -a

cat >twoway.py <<'P'
import email, imaplib, mailbox, os, re, sys, time
from card import CARD, account, admin, tls

USER = account("ben")


def imap():
    i = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls())
    i.login(USER["user"], USER["password"])
    return i


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def quoted(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def names(i):
    for line in ok(i.list()):
        flags, name = re.match(rb'\(([^)]*)\) "/" "?(.*?)"?$', line).groups()
        if b"\\Noselect" not in flags:
            yield name.decode()


def mail(subject):
    return (f"From: Ben <ben@example.com>\r\nTo: anna@example.com\r\nSubject: {subject}\r\n"
            f"Message-ID: <{subject}@mbsync.example.com>\r\nDate: Fri, 2 Jan 2026 10:00:00 +0000\r\n"
            f"X-Odd:  two  spaces\r\n\r\nText of {subject}.\r\n").encode()


def far():
    """Folder, Message-ID, flags and octets of each mail, as IMAP has them."""
    i, out = imap(), {}
    for name in names(i):
        count = int(ok(i.select(quoted(name), readonly=True))[0])
        rows = out.setdefault(name, [])
        for part in ok(i.fetch("1:*", "(FLAGS BODY.PEEK[])")) if count else []:
            if isinstance(part, tuple):
                found = set(re.search(rb"FLAGS \(([^)]*)\)", part[0]).group(1).decode().split())
                rows.append((message_id(part[1]), letters(found), plain(part[1].replace(b"\r\n", b"\n"))))
        rows.sort()
    i.logout()
    return out


def plain(octets):
    """Without the mark by which mbsync finds again what it uploaded."""
    return re.sub(rb"^X-TUID: .*\n", b"", octets, flags=re.M)


def letters(flags):
    known = {"\\Seen": "S", "\\Answered": "R", "\\Flagged": "F", "\\Draft": "D", "\\Deleted": "T", "$Forwarded": "P"}
    return "".join(sorted(known[f] for f in flags if f in known))


def message_id(octets):
    return str(email.message_from_bytes(octets)["Message-ID"])


def near():
    out = {}
    for at, folders, _ in os.walk("mail"):
        if "cur" not in folders:
            continue
        rows = out.setdefault(os.path.relpath(at, "mail"), [])
        for sub in ("cur", "new"):
            for name in os.listdir(os.path.join(at, sub)):
                octets = open(os.path.join(at, sub, name), "rb").read()
                flags = name.rpartition(":2,")[2] if ":2," in name else ""
                rows.append((message_id(octets), "".join(sorted(flags)), plain(octets)))
        rows.sort()
    return out


def differences(a, b):
    for name in sorted(set(a) | set(b)):
        x, y = a.get(name), b.get(name)
        if x != y:
            short = lambda rows: rows if rows is None else [r[:2] for r in rows]
            x, y = short(x), short(y)
            only = lambda p, q: [r for r in p or [] if r not in (q or [])]
            yield name, only(x, y), only(y, x), x == y and "octets"


def files():
    out = []
    for sub in ("cur", "new"):
        at = os.path.join("mail/INBOX", sub)
        out += [os.path.join(at, n) for n in sorted(os.listdir(at)) if "T" not in n.rpartition(":2,")[2]]
    return out


def deliver_here(folder, subject, flags):
    with open(f"mail/{folder}/cur/{time.time_ns()}.1.here:2,{flags}", "wb") as f:
        f.write(mail(subject).replace(b"\r\n", b"\n"))


def change():
    """What a person does on both sides between two runs."""
    # Here: a new folder with a new mail; a mail moved into it, one flagged and answered, one deleted.
    for sub in ("cur", "new", "tmp"):
        os.makedirs(f"mail/Hier gemacht/{sub}")
    deliver_here("Hier gemacht", "hier-neu", "S")
    deliver_here("INBOX", "hier-eingang", "FS")
    moved, flagged, deleted, *_ = files()
    bare = lambda path: re.sub(r",U=\d+", "", os.path.basename(path))
    os.rename(moved, "mail/Hier gemacht/cur/" + bare(moved))
    base = flagged.rpartition("/")[2].partition(":")[0]
    os.rename(flagged, f"mail/INBOX/cur/{base}:2,FRS")
    base = deleted.rpartition("/")[2].partition(":")[0]
    os.rename(deleted, f"mail/INBOX/cur/{base}:2,ST")
    # There: the same, by another client.
    i = imap()
    ok(i.create("Dort"))
    ok(i.append("Dort", "(\\Seen)", '"02-Jan-2026 11:00:00 +0000"', mail("dort-neu")))
    ok(i.append("INBOX", "(\\Flagged)", '"02-Jan-2026 12:00:00 +0000"', mail("dort-eingang")))
    ok(i.select("INBOX"))
    ids = [message_id(open(f, "rb").read()) for f in (flagged_now(base_of(flagged)), deleted_now(base_of(deleted)))]
    ids.append(message_id(open("mail/Hier gemacht/cur/" + bare(moved), "rb").read()))
    uids = ok(i.uid("SEARCH", "ALL"))[0].split()
    mine = [u for u in uids if header(i, u) not in ids and b"@mbsync.example.com" not in header(i, u).encode()]
    ok(i.uid("MOVE", mine[0], "Dort"))
    ok(i.uid("STORE", mine[1], "+FLAGS", "(\\Flagged \\Answered)"))
    ok(i.uid("STORE", mine[2], "+FLAGS.SILENT", "(\\Deleted)"))
    ok(i.uid("EXPUNGE", mine[2]))
    i.logout()


def base_of(path):
    return path.rpartition("/")[2].partition(":")[0]


def flagged_now(base):
    return f"mail/INBOX/cur/{base}:2,FRS"


def deleted_now(base):
    return f"mail/INBOX/cur/{base}:2,ST"


def header(i, uid):
    part = ok(i.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"))[0][1]
    return message_id(part)


def same():
    different = list(differences(far(), near()))
    assert not different, "not the same there and here: " + repr(different)[:4000]


def written():
    """Requests that change something in the cloud."""
    entries = admin("GET", "/journal")["entries"]
    assert entries, "an empty journal proves nothing"
    changing = [e for e in entries if e["host"] == "graph" and e["method"] != "GET" and not e["path"].endswith("$batch")]
    return [f"{e['method']} {e['path']}" for e in changing]


match sys.argv[1]:
    case "change":
        same()
        change()
    case "check":
        same()
        here = near()
        where = {m[0]: (name, m[1]) for name, rows in here.items() for m in rows}
        for subject, place in {"hier-neu": ("Hier gemacht", "S"), "hier-eingang": ("INBOX", "FS"),
                               "dort-neu": ("Dort", "S"), "dort-eingang": ("INBOX", "F")}.items():
            got = where[f"<{subject}@mbsync.example.com>"]
            assert got == place, (subject, got, place)
        assert len(here["Hier gemacht"]) == 2 and len(here["Dort"]) == 2, here.keys()
        print(sum(map(len, here.values())), "mails in", len(here), "folders")
    case "forget":
        admin("DELETE", "/journal")
    case "written":
        print(*written(), sep="\n")
P
python3 twoway.py change
mbsync -c mbsyncrc -a
# What the cloud made of it comes back: mbsync looks at what it uploaded again.
mbsync -c mbsyncrc -a
python3 twoway.py check
state() { find mail -type f -printf '%p %s\n' | grep -v mbsyncstate | sort; }
state >first
# Long enough that the cloud is asked for news again.
sleep 6
python3 twoway.py forget
mbsync -c mbsyncrc -a
state >second
diff first second
written=$(python3 twoway.py written)
[ -z "$written" ] || { echo "the last run wrote to the cloud: $written"; exit 1; }
python3 twoway.py check
