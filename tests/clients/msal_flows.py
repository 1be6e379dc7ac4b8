"""msal signs in to the sandbox by every grant that it has, and meets its refusals. Run by msal.test.sh."""

import base64
import hashlib
import html.parser
import json
import ssl
import urllib.parse

import jwt
import msal
import requests

CARD = json.load(open("card.json", encoding="utf-8"))
CA = "ca.pem"
ANNA, BEN = "anna@example.com", "ben@example.com"
DAEMON = "22222222-0000-0000-0000-00000000000d"
WEB = "22222222-0000-0000-0000-00000000000e"
SCOPES = ["Mail.ReadWrite", "Mail.Send", "User.Read"]
DEFAULT = ["https://graph.microsoft.com/.default"]


def https(address):
    return address.replace("http://127.0.0.1", "https://localhost")


LOGIN, GRAPH, ADMIN = https(CARD["login"]), https(CARD["graph"]), CARD["admin"]
AUTHORITY = f"{LOGIN}/{CARD['tenant_id']}"


def admin(path, body):
    answer = requests.post(ADMIN + path, json=body, timeout=60)
    assert answer.ok, answer.text
    return answer.json()


def public(**more):
    return msal.PublicClientApplication(
        CARD["client_id"], authority=AUTHORITY, instance_discovery=False, verify=CA, **more)


def confidential(credential, client_id=DAEMON, **more):
    return msal.ConfidentialClientApplication(
        client_id, authority=AUTHORITY, instance_discovery=False, verify=CA, client_credential=credential, **more)


def graph(result, path):
    token = result["access_token"]
    return requests.get(f"{GRAPH}/v1.0{path}", headers={"Authorization": f"Bearer {token}"}, verify=CA, timeout=60)


def is_refused(result, error, number):
    got = (result.get("error"), (result.get("error_codes") or [None])[0])
    assert got == (error, number), result
    assert result["correlation_id"], result


def is_signed(result, client_id):
    """The id_token's signature, by the key set that the metadata names."""
    metadata = requests.get(f"{AUTHORITY}/v2.0/.well-known/openid-configuration", verify=CA, timeout=60).json()
    context = ssl.create_default_context(cafile=CA)
    key = jwt.PyJWKClient(metadata["jwks_uri"], ssl_context=context).get_signing_key_from_jwt(result["id_token"])
    claims = jwt.decode(result["id_token"], key.key, algorithms=["RS256"], audience=client_id, issuer=metadata["issuer"])
    assert claims["preferred_username"] == result["id_token_claims"]["preferred_username"]
    return claims


class Page(html.parser.HTMLParser):
    """The form of a page, with its hidden fields and buttons."""

    def __init__(self, text):
        super().__init__()
        self.action, self.hidden, self.buttons = None, {}, []
        self.text = text
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        one = dict(attributes)
        if tag == "form":
            self.action = one["action"]
        elif tag == "input" and one.get("type") == "hidden":
            self.hidden[one["name"]] = one["value"]
        elif tag == "button" and "name" in one:
            self.buttons.append((one["name"], one.get("value", "")))


class Browser:
    """Follows forms up to the redirect that leaves the login host."""

    def __init__(self):
        self.http = requests.Session()
        self.http.verify = CA
        self.page = self.answer = None

    def open(self, url):
        self.take(self.http.get(url, allow_redirects=False, timeout=60))

    def take(self, response):
        if response.is_redirect:
            to = urllib.parse.urlsplit(response.headers["location"])
            self.answer = dict(urllib.parse.parse_qsl(to.query or to.fragment))
        else:
            self.answer, self.page = None, Page(response.text)

    def send(self, **fields):
        assert self.page.action, self.page.text
        url = urllib.parse.urljoin(LOGIN, self.page.action)
        self.take(self.http.post(url, data={**self.page.hidden, **fields}, allow_redirects=False, timeout=60))

    def press(self, action):
        assert ("action", action) in self.page.buttons, self.page.text
        self.send(action=action)

    def sign_in(self, user):
        assert ("account", user) in self.page.buttons, self.page.text
        self.send(account=user)
        self.send(password="sandbox", action="password")


def device_code():
    app = public()
    flow = app.initiate_device_flow(SCOPES)
    assert flow["verification_uri"].startswith(LOGIN), flow
    browser = Browser()
    browser.open(flow["verification_uri"])
    browser.send(user_code=flow["user_code"])
    browser.sign_in(ANNA)
    browser.press("confirm")
    browser.press("consent")
    assert "You are signed in" in browser.page.text
    flow["interval"] = 1
    result = app.acquire_token_by_device_flow(flow)
    assert "access_token" in result, result
    assert is_signed(result, CARD["client_id"])["tid"] == CARD["tenant_id"]
    assert graph(result, "/me").json()["mail"] == ANNA
    assert graph(result, "/me/mailFolders/inbox").ok
    account, = app.get_accounts()
    assert account["username"] == ANNA
    assert account["home_account_id"].endswith("." + CARD["tenant_id"])
    # From the cache, then by refresh token, rotated.
    assert app.acquire_token_silent(SCOPES, account)["access_token"] == result["access_token"]
    renewed = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert renewed["access_token"] != result["access_token"]
    assert graph(renewed, "/me").ok
    return app, account


def device_code_refused():
    app = public()
    flow = app.initiate_device_flow(["Mail.Read"])
    admin("/approve", {"user_code": flow["user_code"], "decline": True})
    flow["interval"] = 1
    is_refused(app.acquire_token_by_device_flow(flow), "authorization_declined", 70021)
    is_refused(app.initiate_device_flow(["Mail.Everything"]), "invalid_scope", 70011)
    stranger = msal.PublicClientApplication(
        "33333333-0000-0000-0000-000000000001", authority=AUTHORITY, instance_discovery=False, verify=CA)
    is_refused(stranger.initiate_device_flow(["Mail.Read"]), "unauthorized_client", 700016)
    try:
        msal.PublicClientApplication(
            CARD["client_id"], authority=f"{LOGIN}/nowhere.example", instance_discovery=False, verify=CA)
    except ValueError:
        pass
    else:
        raise AssertionError("a tenant that does not exist was taken")


def silent_refused(app, account):
    def renew(*scopes):
        return app.acquire_token_silent_with_error(list(scopes), account, force_refresh=True)

    # Each time for other scopes: msal repeats a refusal for a minute without asking again.
    is_refused(renew("Contacts.Read"), "invalid_grant", 65001)
    admin("/policy", {"rules": [{"demand": "block"}]})
    refused = renew(*SCOPES)
    is_refused(refused, "invalid_grant", 53003)
    assert json.loads(refused["claims"]), refused
    admin("/policy", {"rules": []})
    renewed = renew("Mail.Send")
    assert "access_token" in renewed, renewed
    admin("/users", {"user": ANNA, "revoke": True})
    is_refused(renew("User.Read"), "invalid_grant", 50173)


def code_with_pkce():
    app = public(client_capabilities=["cp1"])
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri="http://localhost:4711", login_hint=BEN)
    assert "code_challenge_method=S256" in flow["auth_uri"]
    browser = Browser()
    browser.open(flow["auth_uri"])
    browser.send(password="wrong", action="password")
    assert "AADSTS50126" in browser.page.text
    browser.send(password="sandbox", action="password")
    browser.press("consent")
    result = app.acquire_token_by_auth_code_flow(flow, browser.answer)
    assert "access_token" in result, result
    claims = is_signed(result, CARD["client_id"])
    assert claims["nonce"] == hashlib.sha256(flow["nonce"].encode()).hexdigest()
    assert graph(result, "/me").json()["mail"] == BEN
    is_refused(app.acquire_token_by_auth_code_flow(flow, browser.answer), "invalid_grant", 54005)
    # cp1: a challenge in the middle of a token's life, met with its claims.
    assert result["expires_in"] > 80000, result["expires_in"]
    admin("/challenge", {"on": True})
    refused = graph(result, "/me")
    assert refused.status_code == 401
    challenge = refused.headers["www-authenticate"]
    claims = base64.b64decode(challenge.split('claims="')[1].split('"')[0]).decode()
    account, = app.get_accounts()
    renewed = app.acquire_token_silent_with_error(SCOPES, account, claims_challenge=claims)
    assert graph(renewed, "/me").ok, renewed
    admin("/challenge", {"on": False})
    # Nobody is asked twice by the same browser.
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri="http://localhost:4712", prompt="none")
    browser.open(flow["auth_uri"])
    assert "access_token" in app.acquire_token_by_auth_code_flow(flow, browser.answer)
    # The person says no; another browser is not signed in.
    flow = app.initiate_auth_code_flow(["Contacts.Read"], redirect_uri="http://localhost:4711")
    browser.open(flow["auth_uri"])
    browser.press("cancel")
    result = app.acquire_token_by_auth_code_flow(flow, browser.answer)
    assert result["error"] == "access_denied" and "AADSTS65004" in result["error_description"], result
    flow = app.initiate_auth_code_flow(SCOPES, redirect_uri="http://localhost:4711", prompt="none")
    other = Browser()
    other.open(flow["auth_uri"])
    assert app.acquire_token_by_auth_code_flow(flow, other.answer)["error"] == "login_required"


def code_of_a_web_application():
    admin("/apps", {"id": WEB, "name": "Web", "secrets": [{"value": "w3b+secret/="}],
                    "redirects": [{"platform": "web", "uri": "https://app.example.com/back"}]})
    app = confidential("w3b+secret/=", WEB)
    flow = app.initiate_auth_code_flow(["Mail.Read"], redirect_uri="https://app.example.com/back", response_mode="form_post")
    browser = Browser()
    browser.open(flow["auth_uri"])
    browser.sign_in(ANNA)
    browser.press("consent")
    assert browser.page.action == "https://app.example.com/back", browser.page.text
    result = app.acquire_token_by_auth_code_flow(flow, browser.page.hidden)
    assert graph(result, "/me/messages?$top=1").ok, result
    account, = app.get_accounts()
    assert "access_token" in app.acquire_token_silent_with_error(["Mail.Read"], account, force_refresh=True)


def client_credentials():
    key = open("key.pem", encoding="ascii").read()
    certificate = open("cert.pem", encoding="ascii").read()
    admin("/apps", {"id": DAEMON, "name": "Daemon", "granted": ["Mail.Read"], "certificates": [certificate],
                    "secrets": [{"value": "s3cret ö&="}, {"value": "old", "seconds": -1}]})
    der = ssl.PEM_cert_to_DER_cert(certificate)
    for credential in [
        "s3cret ö&=",
        {"private_key": key, "thumbprint": hashlib.sha1(der).hexdigest()},
        {"private_key": key, "public_certificate": certificate},
    ]:
        result = confidential(credential).acquire_token_for_client(DEFAULT)
        assert "access_token" in result, result
        assert "refresh_token" not in result and "id_token" not in result
        assert graph(result, f"/users/{BEN}/messages?$top=1").ok
        assert graph(result, "/me").status_code == 400
    is_refused(confidential("wrong").acquire_token_for_client(DEFAULT), "invalid_client", 7000215)
    is_refused(confidential("old").acquire_token_for_client(DEFAULT), "invalid_client", 7000222)
    strange = {"private_key": key, "thumbprint": "00" * 20}
    is_refused(confidential(strange).acquire_token_for_client(DEFAULT), "invalid_client", 700027)
    named = confidential("s3cret ö&=").acquire_token_for_client(["https://graph.microsoft.com/Mail.Read"])
    is_refused(named, "invalid_scope", 70011)
    is_refused(confidential("x", CARD["client_id"]).acquire_token_for_client(DEFAULT), "invalid_client", 700025)


signed_in = device_code()
device_code_refused()
code_with_pkce()
code_of_a_web_application()
client_credentials()
silent_refused(*signed_in)
print(f"msal {msal.__version__}: device code, code with PKCE, refresh, client credentials with secret and certificate")
