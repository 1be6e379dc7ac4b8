"""Thunderbird, without a screen, fills its offline store of the Inbox octet for octet; a new mail appears in it.

The profile is made here: one account whose password lies encrypted in logins.json as Thunderbird itself
keeps it, the demo's CA as the only addition to the certificate store, and no talk beyond this computer.
"""

import base64
import ctypes
import glob
import hashlib
import imaplib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from card import CARD, account, deliver, tls

ANNA = account("anna")
PROFILE = os.path.join(os.getcwd(), "profile")
HOST, PORT = "localhost", CARD["imap"]["tls_port"]
FILL_SECONDS, NEW_SECONDS = 120, 60


def inbox():
    """The digests of the mails in the Inbox as another client reads them."""
    imap = imaplib.IMAP4_SSL(HOST, PORT, ssl_context=tls())
    imap.login(ANNA["user"], ANNA["password"])
    imap.select("INBOX", readonly=True)
    status, data = imap.uid("FETCH", "1:*", "(BODY.PEEK[])")
    assert status == "OK", data
    imap.logout()
    return sorted(digest(part[1]) for part in data if isinstance(part, tuple))


def digest(mail):
    """Of all but the line ends that close it: an mbox cannot tell them from the gap to the next mail."""
    return hashlib.sha256(mail.rstrip(b"\r\n")).hexdigest()


class Item(ctypes.Structure):
    """NSS's SECItem."""

    _fields_ = [("type", ctypes.c_uint), ("data", ctypes.c_void_p), ("len", ctypes.c_uint)]


def sealed(*texts):
    """Each text encrypted with the profile's own key, as logins.json holds it."""
    nss = ctypes.CDLL("libnss3.so")
    nss.NSS_InitReadWrite.argtypes = [ctypes.c_char_p]
    nss.PK11_GetInternalKeySlot.restype = ctypes.c_void_p
    nss.PK11_NeedUserInit.argtypes = nss.PK11_FreeSlot.argtypes = [ctypes.c_void_p]
    nss.PK11_InitPin.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    nss.PK11SDR_Encrypt.argtypes = [ctypes.POINTER(Item)] * 3 + [ctypes.c_void_p]
    assert nss.NSS_InitReadWrite(b"sql:" + PROFILE.encode()) == 0, "NSS does not open the profile"
    slot = nss.PK11_GetInternalKeySlot()
    if nss.PK11_NeedUserInit(slot):
        assert nss.PK11_InitPin(slot, None, b"") == 0
    result = []
    for text in texts:
        octets = text.encode()
        clear = Item(0, ctypes.cast(ctypes.c_char_p(octets), ctypes.c_void_p), len(octets))
        key, cipher = Item(0, None, 0), Item(0, None, 0)
        assert nss.PK11SDR_Encrypt(key, clear, cipher, None) == 0, "PK11SDR_Encrypt failed"
        result.append(base64.b64encode(ctypes.string_at(cipher.data, cipher.len)).decode())
    nss.PK11_FreeSlot(slot)
    assert nss.NSS_Shutdown() == 0, "NSS kept the profile open"
    return result


def trust_ca():
    """Both roots of the demo: one is for names, one for the address as a name."""
    def certutil(*args):
        subprocess.run(["certutil", "-d", "sql:" + PROFILE, *args], check=True, stdin=subprocess.DEVNULL)

    certutil("-N", "--empty-password")
    with open(CARD["ca_file"], encoding="ascii") as file:
        roots = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", file.read(), re.S)
    assert roots, "no certificate in ca.pem"
    for n, root in enumerate(roots):
        with open(f"root{n}.pem", "w", encoding="ascii") as file:
            file.write(root)
        certutil("-A", "-n", f"demo {n}", "-t", "C,,", "-i", f"root{n}.pem")


def write_login():
    user, password = sealed(ANNA["user"], ANNA["password"])
    now = int(time.time() * 1000)
    with open(os.path.join(PROFILE, "logins.json"), "w", encoding="utf-8") as file:
        json.dump({
            "nextId": 2,
            "logins": [{
                "id": 1, "hostname": f"imap://{HOST}", "httpRealm": f"imap://{HOST}", "formSubmitURL": None,
                "usernameField": "", "passwordField": "", "encryptedUsername": user,
                "encryptedPassword": password, "guid": "{5f1c8b1e-7a52-4d0f-9d5b-3a4be0c7d211}", "encType": 1,
                "timeCreated": now, "timeLastUsed": now, "timePasswordChanged": now, "timesUsed": 1,
            }],
            "potentiallyVulnerablePasswords": [], "dismissedBreachAlertsByLoginGUID": {}, "version": 3,
        }, file)


def write_prefs():
    server, identity = "mail.server.server1.", "mail.identity.id1."
    prefs = {
        "mail.accountmanager.accounts": "account1",
        "mail.accountmanager.defaultaccount": "account1",
        "mail.account.account1.server": "server1",
        "mail.account.account1.identities": "id1",
        server + "type": "imap",
        server + "hostname": HOST,
        server + "port": PORT,
        server + "userName": ANNA["user"],
        server + "name": "Anna",
        server + "socketType": 3,  # TLS from the first octet
        server + "authMethod": 3,  # the password as it is
        server + "login_at_startup": True,
        server + "check_new_mail": True,
        server + "check_time": 1,  # minutes
        server + "use_idle": True,
        server + "offline_download": True,
        server + "autosync_offline_stores": True,
        server + "storeContractID": "@mozilla.org/msgstore/berkeleystore;1",
        identity + "fullName": "Anna",
        identity + "useremail": ANNA["mailbox"],
        identity + "valid": True,
        "mail.server.default.offline_download": True,
        "mail.server.default.autosync_max_age_days": -1,
        # No start page, no wizard, no question.
        "mailnews.start_page.enabled": False,
        "mailnews.start_page_override.mstone": "ignore",
        "mail.provider.suppress_dialog_on_startup": True,
        "mail.spotlight.firstRunDone": True,
        "mail.winsearch.firstRunDone": True,
        "mail.rights.version": 1,
        "mail.shell.checkDefaultClient": False,
        "mail.biff.show_alert": False,
        "mail.biff.play_sound": False,
        "mail.chat.enabled": False,
        "app.donation.eoy.version.viewed": 999,
        # Nothing beyond this computer: every other host goes to a proxy where nobody listens.
        "network.proxy.type": 1,
        "network.proxy.socks": "127.0.0.1",
        "network.proxy.socks_port": 9,
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": 9,
        "network.proxy.ssl": "127.0.0.1",
        "network.proxy.ssl_port": 9,
        "network.proxy.socks_remote_dns": True,
        "network.proxy.no_proxies_on": "localhost, 127.0.0.1",
        "network.proxy.allow_hijacking_localhost": False,
        "network.dns.disablePrefetch": True,
        "network.connectivity-service.enabled": False,
        "network.captive-portal-service.enabled": False,
        "app.update.enabled": False,
        "app.update.auto": False,
        "app.normandy.enabled": False,
        "app.shield.optoutstudies.enabled": False,
        "browser.safebrowsing.malware.enabled": False,
        "browser.safebrowsing.phishing.enabled": False,
        "browser.search.update": False,
        "browser.region.update.enabled": False,
        "datareporting.healthreport.uploadEnabled": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
        "extensions.update.enabled": False,
        "extensions.getAddons.cache.enabled": False,
        "extensions.blocklist.enabled": False,
        "extensions.systemAddon.update.enabled": False,
        "media.gmp-manager.updateEnabled": False,
        "services.settings.server": "http://127.0.0.1:9/",
        "mail.inappnotifications.enabled": False,
        "mail.instrumentation.postUrl": "",
        "mail.cloud_files.enabled": False,
        "security.OCSP.enabled": 0,
        "toolkit.telemetry.enabled": False,
        "toolkit.telemetry.unified": False,
        "toolkit.telemetry.server": "",
    }
    with open(os.path.join(PROFILE, "user.js"), "w", encoding="utf-8") as file:
        for name, value in prefs.items():
            file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")


def store():
    """The digests of the mails in the offline store of the Inbox, without what Thunderbird put around them."""
    text = b""
    for path in glob.glob(os.path.join(PROFILE, "ImapMail", "*", "INBOX")):
        with open(path, "rb") as file:
            text += file.read()
    mails = re.split(rb"(?m)^From - [^\r\n]*\r?\n((?:X-Mozilla-[^\r\n]*\r?\n)*)", text)[2::2]
    return sorted(digest(re.sub(rb"(?m)^>(>*From )", rb"\1", mail)) for mail in mails)


def waits_for(what, seconds, probe):
    """How long it took until `probe` held."""
    start = time.monotonic()
    while not probe():
        if thunderbird.poll() is not None:
            give_up(f"Thunderbird ended with {thunderbird.returncode} before {what}")
        if time.monotonic() - start > seconds:
            give_up(f"not within {seconds} s: {what}")
        time.sleep(0.5)
    return time.monotonic() - start


def give_up(reason):
    stop()
    print(f"in the offline store: {len(store())} mails; in the Inbox: {len(inbox())}")
    print(subprocess.run(["find", "profile/ImapMail", "-type", "f", "-ls"], text=True, capture_output=True).stdout)
    for name in sorted(glob.glob("imap.log*")) + ["output"]:
        with open(name, "rb") as file:
            lines = [line for line in file.read().decode("utf-8", "replace").splitlines() if line and "gtk" not in line.lower()]
        print(f"--- {name}:", *lines[-20:], sep="\n")
    sys.exit(reason)


def stop():
    """Ends Thunderbird, this one and no other."""
    if thunderbird.poll() is None:
        thunderbird.send_signal(signal.SIGTERM)
        try:
            thunderbird.wait(20)
        except subprocess.TimeoutExpired:
            thunderbird.kill()
            thunderbird.wait(20)


for program, package in (("thunderbird", "thunderbird"), ("certutil", "libnss3-tools")):
    if not shutil.which(program):
        sys.exit(f"{program} is not installed (Debian: {package})")
os.makedirs(PROFILE)
trust_ca()
write_login()
write_prefs()
environment = {
    **os.environ, "HOME": os.getcwd(), "MOZ_HEADLESS": "1", "MOZ_DISABLE_CONTENT_SANDBOX": "1",
    "MOZ_CRASHREPORTER_DISABLE": "1", "MOZ_LOG": "IMAP:3,timestamp", "MOZ_LOG_FILE": os.path.join(os.getcwd(), "imap.log"),
}
with open("output", "wb") as output:
    thunderbird = subprocess.Popen(
        ["thunderbird", "--headless", "--no-remote", "--profile", PROFILE],
        env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
    )
try:
    filled = waits_for("all mails of the Inbox in the offline store", FILL_SECONDS, lambda: store() == inbox())
    count = len(store())
    subject = f"Thunderbird {time.time_ns()}"
    deliver(ANNA["mailbox"], subject)
    new = waits_for("the new mail in the offline store", NEW_SECONDS, lambda: len(store()) > count and store() == inbox())
finally:
    stop()
assert not os.path.exists(os.path.join(PROFILE, "cert_override.txt")), "an untrusted certificate was let through"
print(f"{count} mails offline after {filled:.0f} s, a new one after {new:.1f} s")
