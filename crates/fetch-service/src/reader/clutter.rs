//! What is on each page of a site and belongs to none: consent banners, and navigation where the
//! page as a whole is shown.

use dom_query::{Document, NodeRef, Selection};

use super::Stop;
use super::article::{own_text_length, part};

/// What holds more than this part of the text is no banner, whatever it is called.
const BANNER_HOLDS_AT_MOST: f64 = 0.3;
/// Words in an id or class that name what a banner is about …
const TOPICS: [&str; 5] = ["cookie", "consent", "gdpr", "ccpa", "onetrust"];
/// … and what it is.
const KINDS: [&str; 13] = [
    "banner", "notice", "bar", "popup", "modal", "dialog", "overlay", "law", "consent", "message",
    "wall", "prompt", "sdk",
];
const NAVIGATION: &str = "nav, [role=navigation], [role=search], [role=contentinfo], body > footer, \
     body > header, .sidebar, #sidebar, .left-sidebar, .related, .social-share";
/// What stands beside the text for those who edit, print or copy it.
const FURNITURE: &str = ".mw-editsection, .mw-jump-link, .printfooter, td.gutter, td.linenos, \
     td.rouge-gutter, .headerlink, .anchorjs-link, summary.hideme, .advert, .advertisement, \
     .ad-slot, .promo-box, .newsletter-signup, [id^='taboola'], [id^='google_ads']";

/// What has the name of a part of the text.
const HEADINGS: &str = "h1, h2, h3, h4, h5, h6, dt";
/// What unfolds something that is no menu.
const UNFOLDING: &str = "button[aria-expanded]:not([aria-haspopup])";

/// What is pressed to unfold a part of the text is its heading, and no button.
pub(super) fn keep_labels(document: &Document) {
    let length = |node: &NodeRef<'_>| node.text().split_whitespace().map(str::len).sum::<usize>();
    for heading in document.select(HEADINGS).nodes() {
        let buttons = Selection::from(*heading).select("button");
        // Else it is a button beside the heading.
        let in_buttons: usize = buttons.nodes().iter().map(length).sum();
        if length(heading) == in_buttons {
            buttons.rename("span");
        }
    }
    for button in document.select(UNFOLDING).nodes() {
        let around = button.ancestors(None);
        let mut around = around.iter();
        if !around.any(|node| node.has_name("nav") || node.has_name("header")) {
            button.rename("span");
        }
    }
}

/// Removes consent banners, and what is no text of the page.
pub(super) fn remove_banners(document: &Document, stop: &Stop) {
    for node in document.select(FURNITURE).nodes() {
        node.remove_from_parent();
    }
    // Forums quote in these; readability takes them for what stands at the side.
    for quote in document.select("aside.quote").nodes() {
        quote.rename("div");
    }
    let Some(body) = document.body() else {
        return;
    };
    let banners: Vec<_> = body.descendants_it().filter(is_banner).collect();
    if banners.is_empty() {
        return;
    }
    let all = own_text_length(&body);
    for banner in banners {
        if stop.is_set() {
            return;
        }
        if part(own_text_length(&banner), all) <= BANNER_HOLDS_AT_MOST {
            banner.remove_from_parent();
        }
    }
}

fn is_banner(node: &NodeRef<'_>) -> bool {
    if !matches!(
        node.node_name().as_deref(),
        Some("div" | "section" | "aside" | "dialog" | "form" | "footer")
    ) {
        return false;
    }
    let names = |name: &str| node.attr(name).unwrap_or_default().to_ascii_lowercase();
    [names("id"), names("class")].iter().any(|names| {
        TOPICS.iter().any(|topic| names.contains(topic))
            && KINDS.iter().any(|kind| names.contains(kind))
    })
}

/// Removes navigation, unless that is what the page is.
pub(super) fn remove_navigation(root: &NodeRef<'_>, stop: &Stop) {
    let words = |node: &NodeRef<'_>| node.text().split_whitespace().count();
    let all = words(root);
    let navigation = Selection::from(*root).select(NAVIGATION);
    let navigation = navigation.nodes();
    let counted = navigation.iter().take_while(|_| !stop.is_set());
    let removed: usize = counted.map(words).sum();
    if part(removed, all) < 0.8 {
        navigation.iter().for_each(NodeRef::remove_from_parent);
    }
}
