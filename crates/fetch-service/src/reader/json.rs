//! JSON with line breaks and indentation. Only white space is changed: members keep their order,
//! and numbers the digits that they have.

use serde::de::IgnoredAny;

/// Indented, it may be this many times as long, and a little.
const GROWS_AT_MOST: usize = 8;
const LITTLE: usize = 1024;

/// The text indented, or nothing where it is no JSON or would grow too much.
pub(super) fn pretty(text: &str) -> Option<String> {
    // It refuses what nests deeper than 128.
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let limit = GROWS_AT_MOST * text.len() + LITTLE;
    let mut to = Indented::default();
    let mut rest = text.trim_ascii();
    while let Some(char) = rest.chars().next() {
        let end = match char {
            '"' => end_of_string(rest),
            _ => char.len_utf8(),
        };
        let (token, after) = rest.split_at_checked(end)?;
        let after = after.trim_ascii_start();
        match char {
            '{' | '[' => to.open(token, after.starts_with(['}', ']'])),
            '}' | ']' => to.close(token),
            ',' => to.line_after(token),
            ':' => to.text.push_str(": "),
            _ => to.text.push_str(token),
        }
        if to.text.len() > limit {
            return None;
        }
        rest = after;
    }
    Some(to.text)
}

#[derive(Default)]
struct Indented {
    text: String,
    depth: usize,
    is_empty: bool,
}

impl Indented {
    fn open(&mut self, token: &str, is_empty: bool) {
        self.depth += 1;
        self.is_empty = is_empty;
        if is_empty {
            self.text.push_str(token);
        } else {
            self.line_after(token);
        }
    }

    fn close(&mut self, token: &str) {
        self.depth = self.depth.saturating_sub(1);
        if !std::mem::take(&mut self.is_empty) {
            self.line_after("");
        }
        self.text.push_str(token);
    }

    fn line_after(&mut self, token: &str) {
        self.text.push_str(token);
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n("  ", self.depth));
    }
}

/// Where the string ends that the text begins with, its quote included.
fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::pretty;

    #[test]
    fn order_and_digits_stay() {
        let json = r#"{"b":1.10,"a":[12345678901234567890123,{}, []],"c\"}":"x,y:{","a":null}"#;
        let expected = "{\n  \"b\": 1.10,\n  \"a\": [\n    12345678901234567890123,\n    {},\n    []\n  ],\n  \
             \"c\\\"}\": \"x,y:{\",\n  \"a\": null\n}";
        assert_eq!(pretty(json).unwrap(), expected);
        assert_eq!(pretty(expected).unwrap(), expected);
        assert_eq!(pretty(" 7 ").unwrap(), "7");
    }

    #[test]
    fn what_is_no_json_or_too_deep_or_would_explode_stays_as_it_is() {
        assert_eq!(pretty("{} {}"), None);
        assert_eq!(pretty("{'a': 1}"), None);
        assert_eq!(pretty(&"[".repeat(100_000)), None);
        assert_eq!(
            pretty(&format!("{}{}", "[".repeat(200), "]".repeat(200))),
            None
        );
        let bomb = format!(
            "{}{}1{}",
            "[".repeat(120),
            "1,".repeat(100_000),
            "]".repeat(120)
        );
        assert_eq!(pretty(&bomb), None);
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 64, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                proptest::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn only_white_space_is_changed(json in any_json()) {
            // The library's own indentation is the same.
            let expected = serde_json::to_string_pretty(&json).unwrap();
            let indented = pretty(&json.to_string());
            prop_assert!(indented.is_none() || indented == Some(expected));
        }
    }
}
