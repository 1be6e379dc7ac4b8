//! HTTP to the login host, through the `oauth2` crate over reqwest.
