//! The tables: what is asked for, and what must come of it.

use egress::{EgressClient, EgressError, EgressPolicy, Fetched, HostPort, Limits};

use crate::internet::Internet;

pub(crate) const LITERALS: &str = include_str!("tables/literals.txt");
pub(crate) const URLS: &str = include_str!("tables/urls.txt");
pub(crate) const NAMES: &str = include_str!("tables/names.txt");
pub(crate) const REDIRECTS: &str = include_str!("tables/redirects.txt");
pub(crate) const ALL: [&str; 4] = [LITERALS, URLS, NAMES, REDIRECTS];

/// The addresses that may be connected to: what is public here, and what the operator opened.
const PERMITTED: [&str; 7] = [
    "93.184.216.34:80",
    "93.184.216.34:443",
    "93.184.216.34:8443",
    "[2606:4700:4700::1111]:80",
    "[2606:4700:4700::1111]:443",
    "[64:ff9b::5db8:d822]:80",
    "10.1.2.3:8080",
];

/// The hosts that the operator of the test opened at port 8080.
const OPENED: [&str; 5] = [
    "wiki.test:8080",
    "wiki-moved.test:8080",
    "wiki-link-local.test:8080",
    "wiki-mixed.test:8080",
    "wiki-tunnel.test:8080",
];

/// One attack, or one URL that must work.
pub(crate) struct Row {
    pub(crate) expected: &'static str,
    url: String,
}

pub(crate) fn rows(table: &'static str) -> impl Iterator<Item = Row> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let (expected, url) = line.split_once(' ').unwrap();
        Row {
            expected,
            url: unescaped(url.trim_start()),
        }
    })
}

/// With `\u{…}` for what a text file cannot show.
fn unescaped(text: &str) -> String {
    let mut pieces = text.split(r"\u{");
    let mut plain = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_once('}').unwrap();
        let code = u32::from_str_radix(code, 16).unwrap();
        plain.push(char::from_u32(code).unwrap());
        plain.push_str(rest);
    }
    plain
}

/// A client as an operator would have it.
pub(crate) fn client() -> EgressClient {
    let policy = EgressPolicy::strict()
        .open(OPENED.map(|pair| HostPort::parse(pair).unwrap()))
        .open_ports([8443])
        .refuse_own_hosts(["auth.gateway.test".to_owned()]);
    EgressClient::new(policy, Limits::default(), "test").unwrap()
}

/// What came of a fetch, in the words of the tables.
pub(crate) fn outcome(outcome: &Result<Fetched, EgressError>) -> String {
    let (what, redirects) = match outcome {
        Ok(fetched) => {
            let page = String::from_utf8(fetched.body.to_vec()).unwrap();
            let address = page.strip_prefix("page at ").unwrap();
            (format!("ok:{address}"), fetched.redirects.len())
        }
        Err(EgressError::Refused(refusal)) => {
            let class = refusal.rule.address_class();
            let class = class.map_or_else(String::new, |class| format!(":{class}"));
            let rule = format!("{}{class}", refusal.rule.name());
            (rule, refusal.redirects.into())
        }
        Err(EgressError::Unresolved) => ("unresolved".to_owned(), 0),
        Err(EgressError::TooManyRedirects(5)) => ("too-many-redirects".to_owned(), 0),
        Err(error) => (format!("another error: {error}"), 0),
    };
    match redirects {
        0 => what,
        redirects => format!("{what}@{redirects}"),
    }
}

/// Every row comes out as it must, and nobody was at a forbidden address.
pub(crate) async fn holds(internet: Internet, table: &'static str) {
    let mut wrong = Vec::new();
    let client = client();
    for row in rows(table) {
        let outcome = outcome(&client.get(&row.url, "*/*").await);
        if outcome != row.expected {
            wrong.push(format!("{:?}: {outcome}, not {}", row.url, row.expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    only_permitted_visits(&internet).await;
}

pub(crate) async fn only_permitted_visits(internet: &Internet) {
    let visits = internet.visits().await;
    assert!(!visits.is_empty(), "what is good must be fetched");
    for visit in visits {
        let permitted = PERMITTED.iter().any(|one| one.parse() == Ok(visit));
        assert!(permitted, "{visit} was connected to");
    }
}
