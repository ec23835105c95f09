//! Code: what is in it, and in which language.

use dom_query::NodeRef;

/// What the names of languages begin with in classes.
const PREFIXES: [&str; 6] = [
    "language-",
    "lang-",
    "highlight-source-",
    "sourceCode-",
    "brush:",
    "highlight-",
];
/// What follows such a prefix and is no language.
const NO_LANGUAGE: [&str; 8] = [
    "none",
    "default",
    "plaintext",
    "text",
    "notranslate",
    "source",
    "wrapper",
    "block",
];

/// The text of a block of code.
pub(super) fn text_of(node: &NodeRef<'_>) -> String {
    let mut text = String::new();
    gather(node, &mut text);
    let text = text.strip_prefix('\n').unwrap_or(&text);
    text.trim_end().to_owned()
}

/// Whether it is no code, but lines most of which are links.
pub(super) fn is_listing(node: &NodeRef<'_>, text: &str) -> bool {
    let children = node.children_it(false);
    let linked = children.filter(|child| child.has_name("a") && child.has_attr("href"));
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    2 * linked.count() > lines.count()
}

fn gather(node: &NodeRef<'_>, text: &mut String) {
    for child in node.children_it(false) {
        if child.is_text() {
            text.push_str(&child.text());
            continue;
        }
        let Some(name) = child.node_name() else {
            continue;
        };
        // Some highlighters make a block of each line.
        let is_line = matches!(&*name, "div" | "p" | "li" | "tr");
        if is_line && !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        match &*name {
            "br" => text.push('\n'),
            "button" | "select" => {}
            _ if is_line_number(&child) => {}
            _ => gather(&child, text),
        }
    }
}

fn is_line_number(node: &NodeRef<'_>) -> bool {
    node.class().is_some_and(|class| {
        class.split_ascii_whitespace().any(|class| {
            matches!(
                class,
                "lineno" | "linenos" | "line-number" | "line-numbers-rows" | "gutter"
            )
        })
    })
}

/// The language that the block, the code in it or what encloses it is marked with.
pub(super) fn language(pre: &NodeRef<'_>) -> Option<String> {
    let code = pre.children_it(false).find(|child| child.has_name("code"));
    let enclosing = pre.ancestors_it(Some(2));
    code.into_iter()
        .chain([*pre])
        .chain(enclosing)
        .find_map(|node| marked(&node))
}

fn marked(node: &NodeRef<'_>) -> Option<String> {
    let named = ["data-lang", "data-language"]
        .into_iter()
        .find_map(|name| node.attr(name))
        .and_then(|language| clean(&language));
    named.or_else(|| {
        let class = node.class()?;
        // `brush: js` has a space in it.
        let class = class.replace("brush: ", "brush:");
        let is_code = node.has_name("pre") || node.has_name("code");
        class.split_ascii_whitespace().find_map(|class| {
            PREFIXES
                .into_iter()
                .find_map(|prefix| class.strip_prefix(prefix))
                .and_then(clean)
                // Pandoc and highlight.js name it bare, beside their own mark.
                .or_else(|| {
                    let marks = ["sourceCode", "hljs"];
                    let is_marked = is_code && node.class()?.split(' ').any(|c| marks.contains(&c));
                    (is_marked && !marks.contains(&class)).then(|| clean(class))?
                })
        })
    })
}

fn clean(language: &str) -> Option<String> {
    let language = language.trim_matches([';', ' ']).to_ascii_lowercase();
    let is_name = !language.is_empty()
        && language.len() <= 20
        && language
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+#-_.".contains(&byte));
    (is_name && !NO_LANGUAGE.contains(&language.as_str())).then_some(language)
}

/// A run of backticks longer than any in the text.
pub(super) fn fence(text: &str, at_least: usize) -> String {
    let longest = text
        .split(|char| char != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    // Not for a megabyte of backticks.
    "`".repeat((longest + 1).clamp(at_least, 64))
}
