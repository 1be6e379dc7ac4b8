//! Application registrations: who may ask for tokens, with what proof, and where answers may go (dossier 01
//! sections 2 to 5).

use super::jwt;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Registered for every platform without saying so.
const NATIVE_CLIENT: &str = "https://login.microsoftonline.com/common/oauth2/nativeclient";
const LONGEST_REDIRECT: usize = 256;

#[derive(Debug, Clone)]
pub(in crate::sandbox) struct App {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) enabled: bool,
    /// "Allow public client flows": device code, passwords.
    pub(in crate::sandbox) public: bool,
    pub(in crate::sandbox) audience: Audience,
    pub(in crate::sandbox) redirects: Vec<Redirect>,
    pub(in crate::sandbox) secrets: Vec<Secret>,
    pub(in crate::sandbox) certificates: Vec<Certificate>,
    /// Delegated permissions (`resource/name`) of the registration: what `.default` stands for.
    pub(in crate::sandbox) delegated: Vec<String>,
    /// Application permissions of the registration, and those that an administrator consented to.
    pub(in crate::sandbox) roles_wanted: Vec<String>,
    pub(in crate::sandbox) roles: Vec<String>,
    /// RBAC for Applications: an Exchange role (`Application Mail.Read`) over some mailboxes (all: `None`).
    pub(in crate::sandbox) exchange_roles: Vec<(String, Option<Vec<String>>)>,
    /// Application access policy: the only mailboxes that Entra's permissions reach.
    pub(in crate::sandbox) access_policy: Option<Vec<String>>,
    pub(in crate::sandbox) assignment_required: bool,
    pub(in crate::sandbox) assigned: Vec<usize>,
    /// id_tokens straight from authorize.
    pub(in crate::sandbox) implicit_id_token: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Audience {
    /// This tenant alone.
    Tenant,
    Organizations,
    /// Personal accounts too.
    Everyone,
    Personal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Platform {
    Native,
    Web,
    Spa,
}

#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Redirect {
    pub(in crate::sandbox) platform: Platform,
    pub(in crate::sandbox) uri: String,
}

#[derive(Clone)]
pub(in crate::sandbox) struct Secret {
    pub(in crate::sandbox) value: String,
    /// Unix seconds.
    pub(in crate::sandbox) expires: i64,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Certificate {
    pub(in crate::sandbox) sha1: String,
    pub(in crate::sandbox) sha256: String,
    /// RSAPublicKey (RFC 8017).
    pub(in crate::sandbox) public_key: Vec<u8>,
    /// Unix seconds.
    pub(in crate::sandbox) not_after: i64,
}

impl App {
    /// A desktop application for accounts of any organization, as Postern's own would be registered.
    pub(in crate::sandbox) fn public(id: &str) -> Self {
        let native = |uri: &str| Redirect {
            platform: Platform::Native,
            uri: uri.to_owned(),
        };
        Self {
            id: id.to_owned(),
            name: "Postern".to_owned(),
            enabled: true,
            public: true,
            audience: Audience::Everyone,
            redirects: vec![native("http://localhost"), native(NATIVE_CLIENT)],
            secrets: Vec::new(),
            certificates: Vec::new(),
            delegated: [
                "User.Read",
                "Mail.ReadWrite",
                "Mail.Send",
                "Mail.ReadWrite.Shared",
                "Mail.Send.Shared",
            ]
            .map(|name| format!("graph/{name}"))
            .to_vec(),
            roles_wanted: Vec::new(),
            roles: Vec::new(),
            exchange_roles: Vec::new(),
            access_policy: None,
            assignment_required: false,
            assigned: Vec::new(),
            implicit_id_token: false,
        }
    }

    pub(super) fn has_credentials(&self) -> bool {
        !(self.secrets.is_empty() && self.certificates.is_empty())
    }

    /// The registered redirect URI that a request's matches, or why none does (an AADSTS number). Without
    /// one in the request the only registered one counts.
    pub(super) fn redirect(&self, wanted: Option<&str>) -> Result<(Redirect, String), u32> {
        let Some(wanted) = wanted else {
            return match self.redirects.as_slice() {
                [] => Err(500_113),
                [only] => Ok((only.clone(), only.uri.clone())),
                _ => Err(900_144),
            };
        };
        let found = self.redirects.iter().find(|r| matches(&r.uri, wanted));
        found.map_or(Err(50_011), |r| Ok((r.clone(), wanted.to_owned())))
    }
}

/// Exact and case-sensitive, but for the port of a loopback address (RFC 8252 section 7.3).
fn matches(registered: &str, wanted: &str) -> bool {
    if registered == wanted {
        return true;
    }
    let loopback = |text: &str| {
        let rest = text.strip_prefix("http://")?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let host = match authority.split_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            Some(_) => return None,
            None => authority,
        };
        ["localhost", "127.0.0.1"]
            .contains(&host)
            .then(|| (host.to_owned(), path.to_owned()))
    };
    loopback(registered).is_some_and(|r| loopback(wanted) == Some(r))
}

impl Redirect {
    /// Checks a redirect URI as the portal does (dossier 01 section 2).
    pub(in crate::sandbox) fn new(
        platform: Platform,
        uri: &str,
        audience: Audience,
    ) -> Result<Self, String> {
        let fail = |why: &str| Err(format!("redirect URI {uri:?}: {why}"));
        let Ok(url) = url::Url::parse(uri) else {
            return fail("not a URI");
        };
        if uri.len() > LONGEST_REDIRECT {
            return fail("longer than 256 characters");
        }
        if uri.contains(['!', '$', '\'', '(', ')', ',', ';', '*']) {
            return fail("characters that are not supported: ! $ ' ( ) , ; *");
        }
        if url.fragment().is_some() {
            return fail("a fragment is not allowed");
        }
        let personal = matches!(audience, Audience::Everyone | Audience::Personal);
        if url.query().is_some() && personal {
            return fail("a query is not allowed where personal accounts may sign in");
        }
        let host = url.host_str().unwrap_or("");
        if host == "[::1]" {
            return fail("the IPv6 loopback address is not supported");
        }
        if url.scheme() == "http" && !["localhost", "127.0.0.1"].contains(&host) {
            return fail("http is for localhost only");
        }
        Ok(Self {
            platform,
            uri: uri.to_owned(),
        })
    }
}

impl Certificate {
    pub(in crate::sandbox) fn from_pem(pem: &str) -> Result<Self, String> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|e| format!("certificate: not PEM: {e}"))?;
        let (_, parsed) =
            X509Certificate::from_der(&der).map_err(|e| format!("certificate: not X.509: {e}"))?;
        let key = parsed.public_key();
        if key.algorithm.algorithm != x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION {
            return Err("certificate: only RSA keys are supported".to_owned());
        }
        let (sha1, sha256) = jwt::thumbprints(&der);
        Ok(Self {
            sha1,
            sha256,
            public_key: key.subject_public_key.data.to_vec(),
            not_after: parsed.validity().not_after.timestamp(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        for (registered, wanted, good) in [
            ("http://localhost", "http://localhost:4711", true),
            ("http://localhost", "http://localhost:4711/", true),
            ("http://localhost", "http://localhost", true),
            ("http://localhost/back", "http://localhost:1/back", true),
            ("http://localhost/back", "http://localhost:1/Back", false),
            ("http://localhost/back", "http://localhost:1/back/", false),
            ("http://localhost", "http://127.0.0.1:1", false),
            ("http://127.0.0.1", "http://127.0.0.1:1", true),
            ("http://localhost", "https://localhost:1", false),
            ("http://localhost", "http://localhost.example.com", false),
            ("http://localhost", "http://localhost:1@example.com/", false),
            (
                "https://app.example.com/a",
                "https://app.example.com/a",
                true,
            ),
            (
                "https://app.example.com/a",
                "https://app.example.com:8443/a",
                false,
            ),
            (
                "https://app.example.com/a",
                "https://app.example.com/a?x=1",
                false,
            ),
        ] {
            assert_eq!(matches(registered, wanted), good, "{registered} {wanted}");
        }
    }

    #[test]
    fn the_portal_refuses_what_it_refuses() {
        let web = |uri: &str| Redirect::new(Platform::Web, uri, Audience::Everyone).is_ok();
        assert!(web("https://app.example.com/back") && web("http://localhost:3000/back"));
        for bad in [
            "app",
            "http://app.example.com/",
            "http://[::1]/",
            "https://app.example.com/?a=b",
            "https://app.example.com/#a",
            "https://*.example.com/",
        ] {
            assert!(!web(bad), "{bad}");
        }
        assert!(
            Redirect::new(
                Platform::Web,
                "https://a.example.com/?a=b",
                Audience::Tenant
            )
            .is_ok()
        );
    }
}
