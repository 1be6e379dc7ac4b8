//! The sections of the file but for the accounts, with their defaults.

use super::{
    Config, Listen, Smtp, TlsFiles, accounts, check, cloud,
    platform::default_data_dir,
    read::{Placed, Reader, Section},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

/// 35 MB: what Exchange Online lets a mailbox send by default (Graph: large attachments).
const DEFAULT_MESSAGE_SIZE: u64 = 35_000_000;
/// 150 MB: the most that Exchange Online can be set to.
const LARGEST_MESSAGE_SIZE: u64 = 150 * 1024 * 1024;
/// 64 kB: below that no usual mail passes; RFC 5321 section 4.5.3.1.7 wants it as a minimum.
const SMALLEST_MESSAGE_SIZE: u64 = 64_000;

/// `None`, or a reader with problems: no config.
pub(super) fn config(reader: &Reader<'_>) -> Option<Config> {
    let table = reader.table()?;
    let top = Section::open(reader, "", 0, Some(table.get_ref()));
    let data_dir = data_dir(reader, &top);
    let places = Places {
        imap: listen(reader, &top.section("imap"), 1143, &[1993]),
        smtp: listen(reader, &top.section("smtp"), 1587, &[1465]),
        http: listen(reader, &top.section("http"), 8365, &[]),
    };
    let max_message_size = message_size(reader, &top.section("smtp"));
    check::addresses(reader, places.all());
    let tls = tls(reader, &top.section("tls"));
    let cloud = cloud::section(reader, &top.section("cloud"));
    let accounts = accounts::accounts(reader, &top, cloud.as_ref());
    Some(Config {
        data_dir: data_dir?,
        imap: places.imap.into(),
        smtp: Smtp {
            listen: places.smtp.into(),
            max_message_size: max_message_size?,
        },
        http: places.http.into(),
        tls: tls?,
        accounts,
    })
}

struct Places {
    imap: PlacedListen,
    smtp: PlacedListen,
    http: PlacedListen,
}

struct PlacedListen {
    listen: Vec<Placed<SocketAddr>>,
    tls_listen: Vec<Placed<SocketAddr>>,
}

impl Places {
    fn all(&self) -> impl Iterator<Item = &Placed<SocketAddr>> {
        [&self.imap, &self.smtp, &self.http]
            .into_iter()
            .flat_map(|each| each.listen.iter().chain(&each.tls_listen))
    }
}

impl From<PlacedListen> for Listen {
    fn from(placed: PlacedListen) -> Self {
        let values = |list: Vec<Placed<SocketAddr>>| list.into_iter().map(|a| a.value).collect();
        Self {
            listen: values(placed.listen),
            tls_listen: values(placed.tls_listen),
        }
    }
}

fn data_dir(reader: &Reader<'_>, top: &Section<'_, '_>) -> Option<PathBuf> {
    if top.value("data_dir").is_some() {
        return reader.resolve(&top.string("data_dir", "\"/var/lib/postern\"")?);
    }
    let default = default_data_dir();
    if default.is_none() {
        let what = "missing, and the environment names no home folder to take a default from";
        top.complain("data_dir", what, "data_dir = \"/var/lib/postern\"");
    }
    default
}

/// Loopback of both families, unless the file says otherwise; an empty array listens nowhere.
fn listen(reader: &Reader<'_>, section: &Section<'_, '_>, plain: u16, tls: &[u16]) -> PlacedListen {
    PlacedListen {
        listen: addresses(reader, section, "listen", &[plain]),
        tls_listen: addresses(reader, section, "tls_listen", tls),
    }
}

fn addresses(
    reader: &Reader<'_>,
    section: &Section<'_, '_>,
    key: &str,
    default: &[u16],
) -> Vec<Placed<SocketAddr>> {
    let port = default.first().copied().unwrap_or(8366);
    let example = format!("[\"127.0.0.1:{port}\", \"[::1]:{port}\"]");
    if section.value(key).is_none() {
        let ips: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let all = default.iter().flat_map(|port| ips.map(|ip| (ip, *port)));
        return all
            .map(|(ip, port)| Placed {
                value: SocketAddr::new(ip, port),
                key: section.path(key),
                at: 0,
            })
            .collect();
    }
    let given = section.strings(key, &example).unwrap_or_default();
    given
        .into_iter()
        .filter_map(|text| {
            let Ok(value) = text.value.parse() else {
                let what = format!("\"{}\" is not an IP address with a port", text.value);
                text.complain(reader, what, format!("{key} = {example}"));
                return None;
            };
            Some(Placed {
                value,
                key: text.key,
                at: text.at,
            })
        })
        .collect()
}

fn message_size(reader: &Reader<'_>, section: &Section<'_, '_>) -> Option<u64> {
    let key = "max_message_size";
    if section.value(key).is_none() {
        return Some(DEFAULT_MESSAGE_SIZE);
    }
    let text = section.string(key, "\"35 MB\"")?;
    let Some(octets) = octets(&text.value) else {
        let what = format!("\"{}\" is not a size with its unit", text.value);
        text.complain(
            reader,
            what,
            "a number and one of B, kB, MB, GB, KiB, MiB, GiB, such as \"35 MB\"",
        );
        return None;
    };
    if !(SMALLEST_MESSAGE_SIZE..=LARGEST_MESSAGE_SIZE).contains(&octets) {
        text.complain(
            reader,
            format!("{octets} octets is out of range"),
            "64 kB to 150 MiB: Exchange Online takes no more",
        );
        return None;
    }
    Some(octets)
}

/// `35 MB`, `1.5MiB`: decimal and binary units, the space between is optional.
fn octets(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at_checked(split)?;
    let factor = match unit.trim_start().to_ascii_lowercase().as_str() {
        "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        _ => return None,
    };
    let octets = number.parse::<f64>().ok()? * factor;
    // Above 2^53 an f64 skips integers; sizes here end far below.
    (octets.is_finite() && octets <= 9e15).then_some(octets as u64)
}

/// `Some(None)`: no own certificate; `None`: a problem.
fn tls(reader: &Reader<'_>, section: &Section<'_, '_>) -> Option<Option<TlsFiles>> {
    if !section.is_given() {
        return Some(None);
    }
    let cert = section.required("cert", "\"/etc/postern/cert.pem\"");
    let key = section.required("key", "\"/etc/postern/key.pem\"");
    Some(Some(TlsFiles {
        cert: reader.resolve(&cert?)?,
        key: reader.resolve(&key?)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::octets;

    #[test]
    fn sizes_need_their_unit() {
        for (text, size) in [
            ("35 MB", Some(35_000_000)),
            ("35MB", Some(35_000_000)),
            ("1.5 MiB", Some(1_572_864)),
            ("64 kB", Some(64_000)),
            ("10 b", Some(10)),
            ("35", None),
            ("MB", None),
            ("1.2.3 MB", None),
            ("-1 MB", None),
            ("35 megs", None),
            ("99999999999 GB", None),
        ] {
            assert_eq!(octets(text), size, "{text}");
        }
    }
}
