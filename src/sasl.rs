//! SASL PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login), shared by IMAP and SMTP.
