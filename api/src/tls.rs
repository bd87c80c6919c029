//! TLS for what Enlace itself posts to.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// TLS by ring, to servers that the public authorities vouch for.
pub(crate) fn client() -> Result<ClientConfig, rustls::Error> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
