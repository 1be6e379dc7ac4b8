//! Graph's JSON, leniently read: unknown keys ignored, everything optional that can be missing.

use super::Error;
use crate::mail::RemoteId;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    pub id: String,
    pub display_name: Option<String>,
    pub parent_folder_id: Option<String>,
    pub total_item_count: Option<u32>,
    pub is_hidden: bool,
    /// `@odata.type` ends in mailSearchFolder.
    pub is_search_folder: bool,
    /// PidTagContainerClass (0x3613), where expanded.
    pub container_class: Option<String>,
}

/// A message as far as it was told: an entry of a delta can be partial (surprise 32).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    pub id: String,
    pub parent_folder_id: Option<String>,
    /// Unix seconds.
    pub received: Option<i64>,
    pub sent: Option<i64>,
    pub last_modified: Option<i64>,
    pub change_key: Option<String>,
    pub subject: Option<String>,
    pub internet_message_id: Option<String>,
    pub is_read: Option<bool>,
    pub is_draft: Option<bool>,
    /// flagStatus is `flagged`.
    pub flagged: Option<bool>,
    pub categories: Option<Vec<String>>,
    pub importance: Option<String>,
    pub has_attachments: Option<bool>,
    pub from: Option<Recipient>,
    pub sender: Option<Recipient>,
    pub to: Option<Vec<Recipient>>,
    pub cc: Option<Vec<Recipient>>,
    pub bcc: Option<Vec<Recipient>>,
    pub reply_to: Option<Vec<Recipient>>,
    /// PidTagMessageSize (0x0E08).
    pub store_size: Option<u64>,
    /// PidTagLastVerbExecuted (0x1081).
    pub last_verb: Option<i32>,
    pub in_reply_to: Option<String>,
    pub references: Option<String>,
    pub message_class: Option<String>,
    /// Extended properties were asked for and the answer honours the `$expand`.
    pub extended: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipient {
    pub name: Option<String>,
    pub address: Option<String>,
}

/// The signed-in user, or the mailbox's user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    pub id: String,
    pub mail: Option<String>,
    pub user_principal_name: Option<String>,
    pub proxy_addresses: Vec<String>,
    pub display_name: Option<String>,
}

impl User {
    /// Whether `address` is one of the user's: mail, userPrincipalName or a proxy address, without
    /// regard to case (surprise: the name to sign in with and the primary address can differ).
    pub fn is(&self, address: &str) -> bool {
        let address = address.trim();
        let own = self.mail.iter().chain(&self.user_principal_name);
        let proxies = self.proxy_addresses.iter().filter_map(|proxy| {
            let (kind, rest) = proxy.split_once(':')?;
            kind.eq_ignore_ascii_case("smtp").then_some(rest)
        });
        !address.is_empty()
            && own
                .map(String::as_str)
                .chain(proxies)
                .any(|known| known.trim().eq_ignore_ascii_case(address))
    }

    /// [`User::is`], or "signed in as X, expected Y".
    pub fn expect(&self, address: &str) -> Result<(), Error> {
        if self.is(address) {
            return Ok(());
        }
        let known = self.user_principal_name.as_ref().or(self.mail.as_ref());
        Err(Error::WrongAccount {
            signed_in: known.unwrap_or(&self.id).clone(),
            expected: address.to_owned(),
        })
    }
}

/// One page of a listing or a delta round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub link: Link,
}

/// How it goes on. Links are followed verbatim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// `@odata.nextLink`: more of this round.
    Next(String),
    /// `@odata.deltaLink`: the round is done; the next one starts here.
    Delta(String),
    /// A plain listing's end.
    End,
}

/// An entry of a delta page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<T> {
    Changed(T),
    /// `@removed`: gone from here, which is not proof of deletion (surprise 33).
    Removed(RemoteId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_goes_by_every_address_and_no_other() {
        let user = User {
            id: "1".to_owned(),
            mail: Some("Anna@example.com".to_owned()),
            user_principal_name: Some("a.b@corp.example.com".to_owned()),
            proxy_addresses: [
                "SMTP:anna@example.com",
                "smtp:info@example.com",
                "X500:/o=x",
                "sip:s@example.com",
            ]
            .map(str::to_owned)
            .to_vec(),
            display_name: None,
        };
        for own in [
            "anna@EXAMPLE.com",
            "A.B@corp.example.com",
            "info@example.com",
        ] {
            assert!(user.is(own), "{own}");
        }
        for other in [
            "",
            "ben@example.com",
            "/o=x",
            "s@example.com",
            "smtp:info@example.com",
        ] {
            assert!(!user.is(other), "{other}");
        }
        let error = user.expect("ben@example.com").unwrap_err();
        assert_eq!(
            error.to_string(),
            "signed in as a.b@corp.example.com, expected ben@example.com"
        );
        assert!(!User::default().is(""));
    }
}
