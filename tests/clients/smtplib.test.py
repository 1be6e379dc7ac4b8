"""Python's smtplib hands in mail; it arrives in the other mailbox, which imaplib reads."""

import email
import email.policy
import imaplib
import smtplib
import time
from email.message import EmailMessage

from card import CARD, account, arrived, submissions, tls

ANNA, BEN = account("anna"), account("ben")
MARK = f"smtplib {time.time_ns()}"


def connect(starttls):
    if starttls:
        smtp = smtplib.SMTP("localhost", CARD["smtp"]["port"], timeout=60)
        smtp.starttls(context=tls())
    else:
        smtp = smtplib.SMTP_SSL("localhost", CARD["smtp"]["tls_port"], timeout=60, context=tls())
    smtp.login(ANNA["user"], ANNA["password"])
    return smtp


def letter(name, to=BEN["mailbox"]):
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Anna <anna@example.com>"
    message["To"] = to
    message["Subject"] = f"{MARK} {name}"
    message.set_content("Schöne Grüße\n.\n..zwei Punkte\n")
    return message


def text_of(mime):
    return email.message_from_bytes(mime, policy=email.policy.default).get_body().get_content()


# Two mails in one session, by both ways in; smtplib takes Bcc out and names it in the envelope.
for name, starttls in (("starttls", True), ("tls", False)):
    with connect(starttls) as smtp:
        for feature in ("pipelining", "size", "8bitmime", "smtputf8", "enhancedstatuscodes"):
            assert smtp.has_extn(feature), smtp.esmtp_features
        for n in (1, 2):
            message = letter(f"{name} {n}")
            message["Bcc"] = "rechnung@example.com"
            assert smtp.send_message(message) == {}
for name in ("starttls 1", "starttls 2", "tls 1", "tls 2"):
    for mailbox in (BEN["mailbox"], "rechnung@example.com"):
        mime = arrived(mailbox, f"{MARK} {name}")
        assert text_of(mime).replace("\r\n", "\n") == "Schöne Grüße\n.\n..zwei Punkte\n", mime
        assert b"rechnung" not in mime.lower(), mime
    assert len(submissions(f"{MARK} {name}")) == 1

# A refused recipient among good ones: the others get it.
with connect(False) as smtp:
    refused = smtp.sendmail(ANNA["mailbox"], [BEN["mailbox"], "a..b@example.com"], letter("one refused").as_bytes())
    assert list(refused) == ["a..b@example.com"] and refused["a..b@example.com"][0] == 553, refused
    arrived(BEN["mailbox"], f"{MARK} one refused")
    # 501 recipients are one too many.
    smtp.mail(ANNA["mailbox"])
    codes = [smtp.rcpt(f"r{n}@example.org")[0] for n in range(501)]
    assert codes == [250] * 500 + [452], codes[-3:]
    smtp.rset()
    # An address that does not exist comes back.
    assert smtp.send_message(letter("unknown", "nobody.there@example.com")) == {}
    # Too large is told before it is sent.
    try:
        smtp.sendmail(ANNA["mailbox"], [BEN["mailbox"]], b"Subject: big\r\n\r\n" + b"x" * 76 * 500_000)
        raise SystemExit("38 MB were accepted")
    except smtplib.SMTPSenderRefused as error:
        assert error.smtp_code == 552, error
    smtp.noop()

end = time.monotonic() + 60
imap = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls())
imap.login(ANNA["user"], ANNA["password"])
while True:
    imap.select("INBOX", readonly=True)
    status, data = imap.uid("SEARCH", "SUBJECT", f'"{MARK} unknown"')
    if data[0]:
        break
    assert time.monotonic() < end, "no report for an unknown recipient"
    time.sleep(0.5)
status, data = imap.uid("FETCH", data[0].split()[0], "(BODY.PEEK[])")
assert b"nobody.there@example.com" in data[0][1], data
imap.logout()

# And Ben reads over IMAP what arrived.
imap = imaplib.IMAP4_SSL("localhost", CARD["imap"]["tls_port"], ssl_context=tls())
imap.login(BEN["user"], BEN["password"])
while True:
    imap.select("INBOX", readonly=True)
    status, data = imap.uid("SEARCH", "SUBJECT", f'"{MARK} tls 2"')
    if data[0]:
        break
    assert time.monotonic() < end, "not seen over IMAP"
    time.sleep(0.5)
imap.logout()

wrong = smtplib.SMTP_SSL("localhost", CARD["smtp"]["tls_port"], context=tls())
try:
    wrong.login(ANNA["user"], "not-the-password")
    raise SystemExit("a wrong password was accepted")
except smtplib.SMTPAuthenticationError as error:
    assert error.smtp_code == 535, error
print("two ways in, Bcc kept secret, refusals told, a bounce read over IMAP")
