//! What must hold of a `robots.txt`, whatever it says. `crates/fetch-service` tests it by this file
//! too.

use std::fmt::Write as _;

use fetch_service::robots::rules::{PARSE_LIMIT, Rules};

const PRODUCT: &str = "mcp-fetch";

/// A path, a line feed, and the file.
pub(crate) fn robots(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (path, file) = (&data[..end], &data[end + 1..]);
    let path = format!("/{}", String::from_utf8_lossy(path));
    let rules = Rules::parse(file, PRODUCT);
    let verdict = rules.forbidding(&path).map(ToString::to_string);
    if let Some(rule) = &verdict {
        assert!(rule.starts_with("Disallow: "), "{rule}");
    }
    assert!(rules.forbidding("/robots.txt").is_none());

    // What can be escaped may be.
    if path != "/robots.txt" {
        let escaped = rules.forbidding(&escaped(&path)).map(ToString::to_string);
        assert_eq!(escaped, verdict, "{path}");
    }

    // Somebody else's group is nothing to us.
    let other = b"User-agent: somebody-else\nDisallow: /\n";
    if !file.starts_with("\u{feff}".as_bytes()) && other.len() + file.len() <= PARSE_LIMIT {
        let both = Rules::parse(&[other, file].concat(), PRODUCT);
        assert_eq!(both, rules);
    }

    // A group of our own counts alone.
    let own = format!("User-agent: {PRODUCT}\nAllow: /\n\nUser-agent: *\n");
    if !String::from_utf8_lossy(file)
        .to_ascii_lowercase()
        .contains("agent")
    {
        let alone = Rules::parse(&[own.as_bytes(), file].concat(), PRODUCT);
        assert!(alone.forbidding(&path).is_none());
    }
}

/// Letters and digits as escapes.
fn escaped(path: &str) -> String {
    let mut escaped = String::new();
    let mut keep = 0;
    for character in path.chars() {
        if keep == 0 && character.is_ascii_alphanumeric() {
            let _ = write!(escaped, "%{:02x}", character as u32);
        } else {
            escaped.push(character);
        }
        // What follows a `%` may be an escape already.
        keep = if character == '%' {
            2
        } else {
            u8::saturating_sub(keep, 1)
        };
    }
    escaped
}
