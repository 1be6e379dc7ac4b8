//! Documents that tell clients where everything is (OpenID Connect Discovery; dossier 01 section 1).
//!
//! `common` and `organizations` have no issuer of their own: theirs holds the literal text `{tenantid}`.

use super::is_consumers;
use crate::sandbox::{directory::CONSUMERS, http::Call, world::World};
use serde_json::{Value, json};

pub(super) fn issuer(world: &World, call: &Call, alias: &str) -> String {
    format!("{}/{}/v2.0", call.base, tenant(world, alias))
}

fn tenant<'w>(world: &'w World, alias: &str) -> &'w str {
    if is_consumers(alias) {
        return CONSUMERS;
    }
    match alias.to_ascii_lowercase().as_str() {
        "common" | "organizations" => "{tenantid}",
        _ => &world.tenant.id,
    }
}

/// Endpoints name the alias as it was asked for where it is one of the three, else the tenant's id.
fn endpoints<'w>(world: &'w World, alias: &'w str) -> &'w str {
    match alias.to_ascii_lowercase().as_str() {
        "common" | "organizations" | "consumers" => alias,
        _ if is_consumers(alias) => CONSUMERS,
        _ => &world.tenant.id,
    }
}

pub(super) fn v2(world: &World, call: &Call, alias: &str) -> Value {
    let tenant = endpoints(world, alias);
    let at = |path: &str| format!("{}/{tenant}/{path}", call.base);
    let cloud = world.directory.cloud;
    // The aliases have no region.
    let region = match tenant == world.tenant.id {
        true => Value::from(cloud.region),
        false => Value::Null,
    };
    json!({
        "token_endpoint": at("oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": at("discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer(world, call, alias),
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": format!("{}/oidc/userinfo", call.beside(&world.graph_base)),
        "authorization_endpoint": at("oauth2/v2.0/authorize"),
        "device_authorization_endpoint": at("oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": at("oauth2/v2.0/logout"),
        "claims_supported": ["sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"],
        "tenant_region_scope": region,
        "cloud_instance_name": cloud.login.trim_start_matches("login."),
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": cloud.graph,
        "rbac_url": "https://pas.windows.net",
    })
}

/// The elder document: its issuer is the token service's, not the login host's.
pub(super) fn v1(world: &World, call: &Call, alias: &str) -> Value {
    let tenant_part = endpoints(world, alias);
    let at = |path: &str| format!("{}/{tenant_part}/{path}", call.base);
    let mut document = v2(world, call, alias);
    if let Value::Object(map) = &mut document {
        for (name, path) in [
            ("token_endpoint", "oauth2/token"),
            ("jwks_uri", "discovery/keys"),
            ("authorization_endpoint", "oauth2/v2.0/authorize"),
            ("device_authorization_endpoint", "oauth2/devicecode"),
            ("end_session_endpoint", "oauth2/logout"),
        ] {
            map.insert(name.into(), at(path).into());
        }
        let issuer = format!("https://sts.windows.net/{}/", tenant(world, alias));
        map.insert("issuer".into(), issuer.into());
        map.insert("microsoft_multi_refresh_token".into(), true.into());
        map.insert("scopes_supported".into(), json!(["openid"]));
    }
    document
}
