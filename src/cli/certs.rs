//! `postern certs`: where the authority's certificate is, and how to make programs trust it.

use super::{Outcome, config_file::ConfigFile, say};
use crate::app;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Certs {
    #[command(flatten)]
    file: ConfigFile,
}

impl Certs {
    pub(super) fn run(self) -> Outcome {
        let config = self.file.load()?;
        if let Some(tls) = &config.tls {
            say(&format!(
                "The config file names a certificate of your own: {}, with the key {}.\n\
                 Mail programs must trust whoever issued it; there is nothing to do here.",
                tls.cert.display(),
                tls.key.display()
            ))?;
            return Ok(());
        }
        let (path, fingerprints) = app::ca(&config)?;
        let fingerprint = fingerprints.join("\n                 ");
        let ca = path.display();
        say(&format!(
            "Postern's certificates are issued by two authorities of this computer's own: the second is for\n\
             programs that connect to 127.0.0.1 and take it for a name. They can speak for localhost,\n\
             127.0.0.1, ::1 and this computer's name only.\n\
             \n\
             Certificates:    {ca}\n\
             SHA-256:         {fingerprint}\n\
             \n\
             To trust them:\n\
             \n\
             Thunderbird     Settings > Privacy & Security > Manage Certificates > Authorities >\n\
             \u{20}               Import, choose that file, tick \"identify websites\"\n\
             mbsync          CertificateFile {ca}\n\
             curl            --cacert {ca}\n\
             Debian, Ubuntu  sudo csplit -sz -f /usr/local/share/ca-certificates/postern- -b %d.crt \\\n\
             \u{20}                 {ca} /BEGIN/ '{{*}}' && sudo update-ca-certificates\n\
             Fedora          sudo trust anchor {ca}\n\
             macOS           security add-trusted-cert -r trustRoot -k login.keychain {ca}\n\
             Windows         certutil -user -addstore Root {ca}"
        ))?;
        Ok(())
    }
}
