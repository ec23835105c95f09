//! The main content as readability finds it, on a page that does not make it slow.

use dom_query::{Document, NodeRef};
use dom_smoothie::{Article, Config, Readability};
use url::Url;

use super::metadata;

/// What readability takes for the name of an image within a value.
const IMAGES: [&str; 6] = [".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif"];

/// Characters of the title that are compared with all headings together, and with one of them.
const MAX_COMPARED: usize = 100_000;
const LEAST_COMPARED: usize = 16;
const MOST_COMPARED: usize = 500;

/// Searches a tree without scripts. The title that comes with the content is one line of at most
/// 500 characters.
pub(super) fn find(document: Document, url: &Url) -> Option<Article> {
    let config = Config {
        // The language of a code block is in its class.
        keep_classes: true,
        ..Config::default()
    };
    thin_figures(&document);
    flatten_headings(&document);
    let readability = Readability::with_document(document, Some(url.as_str()), Some(config));
    let mut readability = readability.ok()?;
    let title = shorten_title(&readability);
    let mut article = readability.parse().ok()?;
    if let Some(title) = title {
        article.title = title;
    }
    Some(article)
}

/// It compares all of the title with each heading, and takes it from wherever it finds one; so the
/// one that it takes is given in short, alone. Returns what it was cut from.
fn shorten_title(readability: &Readability) -> Option<String> {
    let document = &readability.doc;
    let headings = document.select("h1, h2").length();
    let most = (MAX_COMPARED / headings.max(1)).clamp(LEAST_COMPARED, MOST_COMPARED);
    let title = readability.get_article_metadata(None).title;
    title.chars().nth(most)?;
    let title = metadata::one_line(&title).unwrap_or_else(|| "Untitled".to_owned());
    let short: String = title.chars().take(most).collect();
    document.select("meta").remove();
    let meta = document.tree.new_element("meta");
    meta.set_attr("property", "og:title");
    meta.set_attr("content", &short);
    // The head may be gone, if it was hidden.
    document.root().append_child(&meta);
    Some(title)
}

/// It compares all that is in a heading, and again what is in one within that.
fn flatten_headings(document: &Document) {
    document.select("h1 h1, h1 h2, h2 h1, h2 h2").rename("div");
}

/// For each attribute of a figure that names an image it searches all of the figure, though from
/// the second on nothing comes of it.
fn thin_figures(document: &Document) {
    for figure in document.select("figure").nodes() {
        let names: Vec<String> = image_attributes(figure);
        let superfluous: Vec<&str> = names.iter().skip(1).map(String::as_str).collect();
        figure.remove_attrs(&superfluous);
    }
}

fn image_attributes(figure: &NodeRef<'_>) -> Vec<String> {
    let attributes = figure.attrs().into_iter().filter(|attribute| {
        let value = attribute.value.to_ascii_lowercase();
        !matches!(&*attribute.name.local, "src" | "srcset" | "alt")
            && IMAGES.iter().any(|name| value.contains(name))
    });
    attributes
        .map(|attribute| attribute.name.local.to_string())
        .collect()
}
