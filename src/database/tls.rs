//! TLS as libpq means its modes, with the AWS SDK's own crypto provider.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::target::{Roots, SslMode, Target};
use super::trouble::{DatabaseTrouble, DatabaseTroubleKind};

/// Amazon's authorities for RDS and RDS Proxy; the file tells where it comes from.
const AMAZON: &[u8] = include_bytes!("../../assets/rds-global-bundle.pem");

/// What a connection, and a cancel request to it, use.
pub(super) fn connector(target: &Target) -> Result<MakeRustlsConnect, DatabaseTrouble> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| unusable(format!("no TLS version is available ({e})")))?;
    let verifier: Arc<dyn ServerCertVerifier> = match checks(target) {
        Checks::Nothing => Arc::new(Lenient::new(&provider, None)),
        Checks::Authority => Arc::new(Lenient::new(&provider, Some(web(target, &provider)?))),
        Checks::AuthorityAndName => web(target, &provider)?,
    };
    Ok(MakeRustlsConnect::new(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()))
}

enum Checks {
    Nothing,
    Authority,
    AuthorityAndName,
}

fn checks(target: &Target) -> Checks {
    match (target.sslmode, &target.roots) {
        _ if target.is_socket() => Checks::Nothing,
        (SslMode::VerifyFull, _) => Checks::AuthorityAndName,
        // libpq: "if a root CA file exists, require behaves as verify-ca".
        (SslMode::VerifyCa, _) | (SslMode::Require, Roots::File(_) | Roots::System) => Checks::Authority,
        (SslMode::Disable | SslMode::Allow | SslMode::Prefer | SslMode::Require, _) => Checks::Nothing,
    }
}

fn web(target: &Target, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, DatabaseTrouble> {
    let roots = Arc::new(roots(&target.roots)?);
    WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
        .build()
        .map_err(|e| unusable(format!("the trusted certificates can't be used ({e})")))
}

fn roots(which: &Roots) -> Result<RootCertStore, DatabaseTrouble> {
    let mut store = RootCertStore::empty();
    if let Roots::File(path) = which {
        let bytes = std::fs::read(path).map_err(|e| {
            unusable(format!("the file of sslrootcert, {}, can't be read ({e})", path.display()))
                .remedy("write the path of a PEM file with the authority's certificate")
        })?;
        store.add_parsable_certificates(certificates(&bytes));
        if store.is_empty() {
            return Err(unusable(format!("the file of sslrootcert, {}, has no certificate in it", path.display()))
                .remedy("write the path of a PEM file: it begins with -----BEGIN CERTIFICATE-----"));
        }
        return Ok(store);
    }
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if *which == Roots::AmazonAndSystem {
        store.add_parsable_certificates(certificates(AMAZON));
    }
    if store.is_empty() {
        return Err(unusable("this machine has no trusted certificates".to_owned())
            .remedy("install ca-certificates, or name a file with sslrootcert=FILE"));
    }
    Ok(store)
}

fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

fn unusable(why: String) -> DatabaseTrouble {
    DatabaseTrouble::new(DatabaseTroubleKind::Configuration, "prepare TLS", why)
}

/// Looks at who signed the certificate, or at nothing, but never at the host's name.
#[derive(Debug)]
struct Lenient {
    authority: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Lenient {
    fn new(provider: &CryptoProvider, authority: Option<Arc<WebPkiServerVerifier>>) -> Lenient {
        Lenient { authority, algorithms: provider.signature_verification_algorithms }
    }
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.authority else { return Ok(ServerCertVerified::assertion()) };
        // The name is looked at last: an error about it means that the rest is right.
        match authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_certificate_of_amazon_is_read() {
        let mut store = RootCertStore::empty();
        let (added, ignored) = store.add_parsable_certificates(certificates(AMAZON));
        assert_eq!((added, ignored), (120, 0));
    }

    #[test]
    fn a_missing_or_empty_root_file_is_named() {
        let missing = roots(&Roots::File("/nowhere/ca.pem".into())).unwrap_err();
        assert!(missing.why.contains("/nowhere/ca.pem"), "{missing}");
        let empty = roots(&Roots::File("/dev/null".into())).unwrap_err();
        assert!(empty.why.contains("has no certificate in it"), "{empty}");
    }
}
