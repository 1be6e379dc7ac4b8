//! Each port speaks https beside http, with the sandbox's own authority; none is open to the network.

use super::bed::{ANNA, SCOPES, bed, said, tenant};
use postern::sandbox::{Options, Sandbox, Seeding};
use reqwest::{Certificate, Client};
use serde_json::Value;
use std::net::IpAddr;

#[tokio::test]
async fn every_port_speaks_https_and_names_itself_so() {
    let bed = bed(1).await;
    let token = bed.sign_in(ANNA, SCOPES).await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = bed.admin("GET", "/ca", Value::Null).await;
    assert_eq!(shown["pem"].as_str(), Some(bed.sandbox.authority_pem()));
    let authority = Certificate::from_pem(bed.sandbox.authority_pem().as_bytes()).unwrap();
    let https = Client::builder()
        .no_proxy()
        .tls_certs_only([authority])
        .build()
        .unwrap();
    for name in ["localhost", "127.0.0.1"] {
        let secure = |url: &str| url.replace("http://127.0.0.1", &format!("https://{name}"));
        let login = secure(&bed.login);
        let url = format!("{login}/common/v2.0/.well-known/openid-configuration");
        let document = said(https.get(url).send().await.unwrap()).await;
        assert_eq!(
            document.text("/issuer"),
            format!("{login}/{{tenantid}}/v2.0")
        );
        assert!(document.text("/token_endpoint").starts_with(&login));
        let graph = secure(&bed.graph);
        let list = https
            .get(format!("{graph}/v1.0/me/mailFolders/inbox/messages/delta"))
            .bearer_auth(&token);
        let list = said(list.send().await.unwrap()).await;
        assert!(
            list.text("/@odata.deltaLink").starts_with(&graph),
            "{}",
            list.body
        );
        let count = https.get(format!("{}/count", secure(&bed.admin)));
        assert_eq!(said(count.send().await.unwrap()).await.status, 200);
    }
    // Another name than this computer's is not repeated.
    let url = format!("{}/common/v2.0/.well-known/openid-configuration", bed.login);
    let request = bed.http.get(url).header("host", "evil.example.com");
    let document = said(request.send().await.unwrap()).await;
    assert!(
        document.text("/issuer").starts_with(&bed.login),
        "{}",
        document.body
    );
    // Who does not know the authority is not served.
    let strangers = Client::builder().no_proxy().build();
    if let Ok(strangers) = strangers {
        let url = bed.login.replace("http:", "https:");
        assert!(strangers.get(url).send().await.is_err());
    }
}

#[tokio::test]
async fn it_listens_on_this_computer_alone() {
    let options = || Options {
        tenant: tenant(0),
        seeding: Seeding::Verbatim,
        graph_port: 0,
        login_port: 0,
        admin_port: 0,
        auto_approve: false,
    };
    for address in ["0.0.0.0", "::", "192.0.2.1", "169.254.1.1"] {
        let address: IpAddr = address.parse().unwrap();
        let error = Sandbox::start_on(address, options()).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("127.0.0.1"), "{error}");
    }
    let other: IpAddr = "127.0.0.2".parse().unwrap();
    if let Ok(sandbox) = Sandbox::start_on(other, options()).await {
        assert_eq!(sandbox.login_url().host_str(), Some("127.0.0.2"));
    }
}
