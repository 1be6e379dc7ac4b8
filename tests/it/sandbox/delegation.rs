//! What a token may do at Graph: scopes, application permissions, other people's mailboxes, sending as
//! somebody (dossier 01 sections 5 and 10, 04 section 5, 05 section 4).

use super::bed::{ANNA, BEN, Bed, CLIENT, Graph, SCOPES, SHARED, bed};
use super::grants::{DAEMON, form_at};
use serde_json::{Value, json};

async fn with<'b>(bed: &'b Bed, user: &str, scopes: &str) -> Graph<'b> {
    let tokens = bed.sign_in(user, scopes).await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    Graph {
        bed,
        token,
        immutable: true,
    }
}

/// An application with a secret, and a token of its own.
async fn alone(bed: &Bed, app: Value) -> Graph<'_> {
    let mut app = app;
    app["id"] = DAEMON.into();
    app["secrets"] = json!([{"value": "s"}]);
    bed.admin("POST", "/apps", app).await;
    let form = [
        ("client_id", DAEMON),
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
        ("client_secret", "s"),
    ];
    let said = form_at(bed, "example.com/oauth2/v2.0/token", &form).await;
    Graph {
        bed,
        token: said.text("/access_token"),
        immutable: true,
    }
}

fn letter(from: Option<&str>) -> Value {
    let mut message = json!({
        "subject": "Hello",
        "body": {"contentType": "Text", "content": "x"},
        "toRecipients": [{"emailAddress": {"address": "grace@example.org"}}],
    });
    if let Some(from) = from {
        message["from"] = json!({"emailAddress": {"address": from}});
    }
    json!({"message": message, "saveToSentItems": false})
}

fn mime(from: &str) -> Vec<u8> {
    format!("From: {from}\r\nTo: grace@example.org\r\nSubject: Hello\r\n\r\nx\r\n").into_bytes()
}

#[tokio::test]
async fn each_scope_opens_its_own_door() {
    let bed = bed(1).await;
    let rule = json!({"displayName": "New"});
    // Scopes, then: list, read whole, make a folder, send, another's mailbox, send from there.
    for (scopes, can) in [
        ("User.Read", [403, 403, 403, 403, 403, 403]),
        ("Mail.ReadBasic", [200, 403, 403, 403, 403, 403]),
        ("Mail.Read", [200, 200, 403, 403, 403, 403]),
        ("Mail.ReadWrite", [200, 200, 201, 403, 403, 403]),
        ("Mail.Send", [403, 403, 403, 202, 403, 403]),
        ("Mail.Read.Shared", [200, 200, 403, 403, 200, 403]),
        ("Mail.ReadBasic.Shared", [200, 403, 403, 403, 200, 403]),
        ("Mail.ReadWrite.Shared", [200, 200, 201, 403, 200, 403]),
        ("Mail.Send.Shared", [403, 403, 403, 202, 403, 202]),
    ] {
        let anna = with(&bed, ANNA, scopes).await;
        let writer = with(&bed, ANNA, SCOPES).await;
        let id = writer.first_id("inbox").await;
        let name = json!({"displayName": format!("{} {scopes}", rule["displayName"])});
        let got = [
            anna.get("/me/mailFolders/inbox/messages?$select=subject")
                .await,
            anna.get(&format!("/me/messages/{id}/$value")).await,
            anna.send("POST", "/me/mailFolders", name).await,
            anna.send("POST", "/me/sendMail", letter(None)).await,
            anna.get(&format!("/users/{SHARED}/messages?$select=subject"))
                .await,
            anna.send("POST", &format!("/users/{SHARED}/sendMail"), letter(None))
                .await,
        ];
        assert_eq!(got.each_ref().map(|s| s.status), can, "{scopes}");
        for said in got.iter().filter(|s| s.status == 403) {
            assert_eq!(said.code(), "ErrorAccessDenied", "{scopes}");
            assert_eq!(
                said.body["error"]["message"],
                "Access is denied. Check credentials and try again."
            );
        }
    }
}

#[tokio::test]
async fn basic_reading_shows_neither_bodies_nor_attachments() {
    let bed = bed(1).await;
    let anna = with(&bed, ANNA, "Mail.ReadBasic").await;
    let list = anna.get("/me/messages").await;
    let id = list.text("/value/0/id");
    let one = anna.get(&format!("/me/messages/{id}")).await;
    for message in [&list.body["value"][0], &one.body] {
        assert!(message["subject"].is_string());
        for hidden in ["body", "bodyPreview", "uniqueBody"] {
            assert!(message.get(hidden).is_none(), "{hidden}");
        }
    }
    for path in ["/attachments", "/$value", "?$expand=attachments"] {
        let said = anna.get(&format!("/me/messages/{id}{path}")).await;
        assert_eq!(
            (said.status, said.code()),
            (403, "ErrorAccessDenied"),
            "{path}"
        );
    }
    let patch = json!({"isRead": true});
    let said = anna
        .send("PATCH", &format!("/me/messages/{id}"), patch)
        .await;
    assert_eq!(said.status, 403);
}

#[tokio::test]
async fn tokens_that_are_not_for_graph_get_401() {
    let bed = bed(0).await;
    let outlook = with(&bed, ANNA, "https://outlook.office.com/SMTP.Send").await;
    let request = async |header: &str| {
        let get = bed.http.get(format!("{}/v1.0/me/messages", bed.graph));
        super::bed::said(get.header("authorization", header).send().await.unwrap()).await
    };
    let mut forged = outlook.token.clone();
    forged.push('x');
    for (header, text) in [
        ("Bearer ".to_owned(), "Access token is empty."),
        ("Basic YTpi".to_owned(), "Access token is empty."),
        ("Bearer opaque".to_owned(), "IDX14100"),
        (format!("Bearer {forged}"), "Signing key is invalid"),
        (format!("Bearer {}", outlook.token), "Invalid audience"),
    ] {
        let said = request(&header).await;
        assert_eq!(
            (said.status, said.code()),
            (401, "InvalidAuthenticationToken"),
            "{header}"
        );
        assert!(said.text("/error/message").contains(text), "{}", said.body);
        let challenge = said.header("www-authenticate");
        assert!(
            challenge.starts_with("Bearer realm=\"\", authorization_uri=\""),
            "{challenge}"
        );
    }
    bed.switch("access-token-seconds", json!(0)).await;
    let dead = with(&bed, ANNA, "Mail.Read")
        .await
        .get("/me/messages")
        .await;
    assert_eq!(
        (dead.status, dead.code()),
        (401, "InvalidAuthenticationToken")
    );
    assert!(dead.text("/error/message").contains("expired"));
}

#[tokio::test]
async fn clients_that_declare_cp1_are_challenged() {
    let bed = bed(0).await;
    let refresh = bed.sign_in(ANNA, SCOPES).await["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let get = async |claims: &str| {
        let form = [
            ("client_id", CLIENT),
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
            ("claims", claims),
        ];
        bed.form("token", &form).await
    };
    let cp1 = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
    let capable = get(cp1).await;
    assert_eq!(capable.body["expires_in"], 86_399);
    let graph = |token: String| Graph {
        bed: &bed,
        token,
        immutable: true,
    };
    let capable = graph(capable.text("/access_token"));
    assert_eq!(capable.get("/me").await.status, 200);
    bed.switch("challenge-among-others", json!(true)).await;
    bed.admin("POST", "/challenge", json!({"on": true})).await;
    let said = capable.get("/me").await;
    assert_eq!(
        (said.status, said.code()),
        (401, "InvalidAuthenticationToken")
    );
    assert!(
        said.text("/error/message")
            .ends_with("TokenCreatedWithOutdatedPolicies")
    );
    let fields: Vec<_> = said.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(fields.len(), 2);
    assert!(
        fields[1]
            .to_str()
            .unwrap()
            .contains("error=\"insufficient_claims\", claims=\"")
    );
    let merged =
        r#"{"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["cp1"]}}}"#;
    let again = graph(get(merged).await.text("/access_token"));
    assert_eq!(again.get("/me").await.status, 200);
    // A revoked session shows at once, where another client would go on until its token ends.
    let plain = graph(get("").await.text("/access_token"));
    bed.admin("POST", "/challenge", json!({"on": false})).await;
    bed.admin("POST", "/users", json!({"user": ANNA, "revoke": true}))
        .await;
    assert_eq!(plain.get("/me").await.status, 200);
    let said = again.get("/me").await;
    assert!(
        said.text("/error/message")
            .ends_with("TokenIssuedBeforeRevocationTimestamp")
    );
}

#[tokio::test]
async fn an_application_reaches_what_it_was_given() {
    let bed = bed(1).await;
    let reader = alone(&bed, json!({"granted": ["Mail.Read"]})).await;
    let me = reader.get("/me/messages").await;
    assert_eq!((me.status, me.code()), (400, "BadRequest"));
    assert_eq!(
        me.text("/error/message"),
        "/me request is only valid with delegated authentication flow."
    );
    assert_eq!(reader.get("/me").await.status, 400);
    for who in [
        ANNA,
        BEN,
        SHARED,
        "a.beispiel@example.com",
        "aaaaaaaa-0000-0000-0000-000000000001",
    ] {
        assert_eq!(
            reader.get(&format!("/users/{who}/messages")).await.status,
            200,
            "{who}"
        );
    }
    let unknown = reader.get("/users/nobody@example.com/messages").await;
    assert_eq!((unknown.status, unknown.code()), (404, "ErrorInvalidUser"));
    let send = format!("/users/{ANNA}/sendMail");
    assert_eq!(
        reader.send("POST", &send, letter(None)).await.code(),
        "ErrorAccessDenied"
    );
    assert_eq!(
        reader.get(&format!("/users/{ANNA}")).await.code(),
        "Authorization_RequestDenied"
    );
    let policy = json!({"granted": ["Mail.Read", "Mail.Send"], "access_policy": [SHARED]});
    let narrowed = alone(&bed, policy).await;
    assert_eq!(
        narrowed
            .get(&format!("/users/{SHARED}/messages"))
            .await
            .status,
        200
    );
    let denied = narrowed.get(&format!("/users/{ANNA}/messages")).await;
    assert_eq!((denied.status, denied.code()), (403, "ErrorAccessDenied"));
    assert_eq!(
        denied.text("/error/message"),
        "Access to OData is disabled."
    );
    bed.switch("raop-marker", json!(true)).await;
    let denied = narrowed.get(&format!("/users/{ANNA}/messages")).await;
    assert!(denied.text("/error/message").contains("[RAOP]"));
    // The sender is the mailbox that the path names.
    let shared = format!("/users/{SHARED}/sendMail");
    assert_eq!(
        narrowed.send("POST", &shared, letter(None)).await.status,
        202
    );
    let as_anna = narrowed.send("POST", &shared, letter(Some(ANNA))).await;
    assert_eq!((as_anna.status, as_anna.code()), (403, "ErrorSendAsDenied"));
    // Exchange's own grant needs none of Entra's, which both together would add to.
    let roles = json!([{"role": "Application Mail.Read", "mailboxes": [BEN]}]);
    let exchange = alone(
        &bed,
        json!({"granted": [], "access_policy": null, "exchange_roles": roles}),
    )
    .await;
    assert_eq!(
        exchange.get(&format!("/users/{BEN}/messages")).await.status,
        200
    );
    assert_eq!(
        exchange
            .get(&format!("/users/{ANNA}/messages"))
            .await
            .status,
        403
    );
    // A token without any permission is issued; Graph is where it fails.
    let nothing = alone(&bed, json!({"granted": [], "exchange_roles": []})).await;
    assert_eq!(
        nothing.get(&format!("/users/{ANNA}/messages")).await.code(),
        "ErrorAccessDenied"
    );
}

#[tokio::test]
async fn who_may_send_as_whom() {
    let bed = bed(0).await;
    let user = async |change: Value| bed.admin("POST", "/users", change).await;
    let anna = with(&bed, ANNA, SCOPES).await;
    let last = async || {
        let all = bed.admin("GET", "/submissions", Value::Null).await;
        let last = all["submissions"]
            .as_array()
            .unwrap()
            .last()
            .cloned()
            .unwrap();
        (last["mailbox"].clone(), last["from"].clone())
    };
    // Own aliases: JSON may name them, MIME may not unless a switch says so.
    let alias = "a.beispiel@example.com";
    assert_eq!(
        anna.send("POST", "/me/sendMail", letter(Some(alias)))
            .await
            .status,
        202
    );
    assert_eq!(last().await, (json!(ANNA), json!(alias)));
    assert_eq!(anna.mime("/me/sendMail", &mime(alias)).await.status, 202);
    assert_eq!(last().await, (json!(ANNA), json!(ANNA)));
    bed.switch("alias-from", json!(true)).await;
    assert_eq!(anna.mime("/me/sendMail", &mime(alias)).await.status, 202);
    assert_eq!(last().await, (json!(ANNA), json!(alias)));
    // The shared mailbox, from either path.
    let shared = format!("/users/{SHARED}/sendMail");
    for path in ["/me/sendMail", shared.as_str()] {
        assert_eq!(
            anna.send("POST", path, letter(Some(SHARED))).await.status,
            202
        );
        assert_eq!(last().await.1, json!(SHARED));
    }
    assert_eq!(last().await.0, json!(SHARED));
    // Full access alone opens the mailbox and sends nothing.
    user(json!({"user": ANNA, "send_as": []})).await;
    assert_eq!(
        anna.get(&format!("/users/{SHARED}/messages")).await.status,
        200
    );
    for path in ["/me/sendMail", shared.as_str()] {
        let said = anna.send("POST", path, letter(Some(SHARED))).await;
        assert_eq!((said.status, said.code()), (403, "ErrorSendAsDenied"));
        assert!(
            said.text("/error/message")
                .contains("right to send mail on behalf of")
        );
    }
    // The right to send without full access works from the own path only.
    user(json!({"user": ANNA, "send_as": [BEN]})).await;
    assert_eq!(
        anna.send("POST", "/me/sendMail", letter(Some(BEN)))
            .await
            .status,
        202
    );
    let ben = format!("/users/{BEN}/sendMail");
    assert_eq!(
        anna.send("POST", &ben, letter(None)).await.code(),
        "ErrorAccessDenied"
    );
    assert_eq!(
        anna.send("POST", "/me/sendMail", letter(Some("ghost@example.com")))
            .await
            .code(),
        "ErrorSendAsDenied"
    );
    // Without the scope for it the right is of no use.
    let own = with(&bed, ANNA, "Mail.Send").await;
    assert_eq!(
        own.send("POST", "/me/sendMail", letter(Some(BEN)))
            .await
            .code(),
        "ErrorAccessDenied"
    );
    // On behalf: the one signed in is named as Sender.
    user(json!({"user": ANNA, "send_as": [], "send_on_behalf": [BEN]})).await;
    let mut message = letter(Some(BEN));
    message["message"]["subject"] = "For Ben".into();
    message["saveToSentItems"] = true.into();
    assert_eq!(anna.send("POST", "/me/sendMail", message).await.status, 202);
    let copy = anna.arrived("sentitems", "For Ben").await;
    assert_eq!(copy["from"]["emailAddress"]["address"], BEN);
    assert_eq!(copy["sender"]["emailAddress"]["address"], ANNA);
}

#[tokio::test]
async fn mailboxes_that_graph_cannot_open() {
    let bed = bed(0).await;
    let anna = with(&bed, ANNA, SCOPES).await;
    for state in ["none", "on-premises"] {
        bed.admin("POST", "/users", json!({"user": ANNA, "mailbox": state}))
            .await;
        let said = anna.get("/me/mailFolders").await;
        assert_eq!(
            (said.status, said.code()),
            (404, "MailboxNotEnabledForRESTAPI")
        );
        assert_eq!(anna.get("/me").await.status, 200, "the account is there");
    }
    bed.admin("POST", "/tenant", json!({"exchange": false}))
        .await;
    let said = anna.get("/me/mailFolders").await;
    assert_eq!(
        (said.status, said.code()),
        (401, "OrganizationFromTenantGuidNotFound")
    );
    bed.admin("POST", "/tenant", json!({"exchange": true}))
        .await;
    let change = json!({"user": ANNA, "mailbox": "ready", "kind": "guest", "mail": null,
        "principal_name": "anna_example.net#EXT#@example.onmicrosoft.com", "other_mails": ["anna@example.net"]});
    bed.admin("POST", "/users", change).await;
    let me = anna
        .get("/me?$select=userPrincipalName,mail,userType,otherMails")
        .await;
    assert_eq!(
        me.body["userPrincipalName"],
        "anna_example.net#EXT#@example.onmicrosoft.com"
    );
    assert_eq!(
        (&me.body["mail"], &me.body["userType"]),
        (&Value::Null, &json!("Guest"))
    );
    let path = "/users/anna_example.net%23EXT%23%40example.onmicrosoft.com/mailFolders";
    assert_eq!(anna.get(path).await.status, 200);
}

#[tokio::test]
async fn personal_accounts_have_no_shared_scopes() {
    let bed = bed(0).await;
    bed.admin("POST", "/users", json!({"user": BEN, "kind": "personal"}))
        .await;
    let begin = async |alias: &str, scope: &str| {
        let form = [("client_id", CLIENT), ("scope", scope)];
        let device = form_at(&bed, &format!("{alias}/oauth2/v2.0/devicecode"), &form).await;
        let approve = json!({"user_code": device.text("/user_code"), "user": BEN});
        let url = format!("{}/approve", bed.admin);
        let approved = bed.http.post(url).json(&approve).send().await.unwrap();
        (approved.status().as_u16(), device.text("/device_code"))
    };
    // Only /common and /consumers take them.
    for (alias, status) in [
        ("organizations", 400),
        ("example.com", 400),
        ("consumers", 200),
    ] {
        assert_eq!(
            begin(alias, "openid profile Mail.Read").await.0,
            status,
            "{alias}"
        );
    }
    let (_, code) = begin("common", "openid profile offline_access Mail.ReadWrite").await;
    let tokens = bed.redeem(&code).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let (_, code) = begin("common", "openid offline_access Mail.ReadWrite.Shared").await;
    let refused = bed.redeem(&code).await;
    assert_eq!(
        (refused.status, refused.text("/error").as_str()),
        (400, "invalid_scope")
    );
    bed.switch("personal-shared-invalid-grant", json!(true))
        .await;
    let (_, code) = begin("common", "openid offline_access Mail.ReadWrite.Shared").await;
    assert_eq!(bed.redeem(&code).await.text("/error"), "invalid_grant");
    let graph = Graph {
        bed: &bed,
        token: tokens.text("/access_token"),
        immutable: true,
    };
    assert_eq!(graph.get("/me/mailFolders").await.status, 200);
}

#[tokio::test]
async fn userinfo_tells_who_signed_in() {
    let bed = bed(0).await;
    let tokens = bed.sign_in(ANNA, "openid profile email User.Read").await;
    let url = format!("{}/common/v2.0/.well-known/openid-configuration", bed.login);
    let document = super::bed::said(bed.http.get(url).send().await.unwrap()).await;
    let request = bed.http.get(document.text("/userinfo_endpoint"));
    let request = request.bearer_auth(tokens["access_token"].as_str().unwrap());
    let said = super::bed::said(request.send().await.unwrap()).await;
    assert_eq!((said.status, said.text("/email").as_str()), (200, ANNA));
    for key in ["sub", "name", "given_name", "family_name", "picture"] {
        assert!(said.body[key].is_string(), "{key}");
    }
}
