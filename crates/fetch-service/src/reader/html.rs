//! HTML in each view of it.

use dom_query::Document;
use url::Url;

use super::markdown::Style;
use super::shadow::Shadows;
use super::style_sheets::Budget;
use super::{
    Form, Format, Note, Reading, Stop, Unreadable, View, article, clutter, dom, footnotes, hidden,
    links, maths, metadata, plain, selection, shadow, shell, streamed,
};

/// Reads decoded HTML.
pub(super) fn read(html: &str, url: &Url, view: &View, stop: &Stop) -> Result<Reading, Unreadable> {
    let Some(document) = dom::parse(html, stop) else {
        stop.check()?;
        return stripped(html, view);
    };
    let title = metadata::title(&document);
    let mut reading = match (view.format, &view.selector) {
        (Format::Raw, Some(selector)) => {
            let html = selection::html(&selection::select(&document, selector)?);
            Reading::of(html, Form::AsServed)
        }
        // Without a selector raw is not read at all.
        (Format::Raw, None) => Reading::of(html.to_owned(), Form::AsServed),
        (Format::Metadata, _) => Reading::of(metadata::list(document, url), Form::Metadata),
        (Format::Markdown | Format::Text | Format::Links, _) => {
            stop.check()?;
            let shadows = shadow::put_in_place(&document, stop);
            // Either makes the tree deeper, and whoever comes next walks it.
            if !dom::made_bearable(&document) {
                return stripped(html, view);
            }
            streamed::put_in_place(&document, stop);
            stop.check()?;
            if !dom::made_bearable(&document) {
                return stripped(html, view);
            }
            let is_shell = shell::is_shell(&document);
            links::make_absolute(&document, url, html.len());
            let mut reading = shown(&document, &shadows, url, view, stop)?;
            reading.notes.extend(is_shell.then_some(Note::ScriptShell));
            reading
        }
    };
    reading.set_title(title);
    Ok(reading)
}

/// What a browser would show of it, in this format.
fn shown(
    document: &Document,
    shadows: &Shadows,
    url: &Url,
    view: &View,
    stop: &Stop,
) -> Result<Reading, Unreadable> {
    let mut budget = Budget::new(stop);
    hidden::remove_from_formulas(document, shadows, &mut budget);
    maths::make_text(document, stop);
    hidden::remove(document, shadows, &mut budget);
    clutter::keep_labels(document);
    stop.check()?;
    let notes = footnotes::take_out(document);
    let (style, form) = match view.format {
        Format::Text => (Style::Text, Form::Text),
        _ => (Style::Markdown, Form::Markdown),
    };
    let (text, form) = match (view.format, &view.selector) {
        (Format::Links, selector) => {
            let within = match selector {
                Some(selector) => selection::select(document, selector)?,
                None => vec![document.root()],
            };
            (links::list(&within), Form::Links)
        }
        (_, Some(selector)) => {
            let selected = selection::select(document, selector)?;
            (super::markdown::write(selected, style), form)
        }
        (_, None) => (article::write(document, url, style, stop)?, form),
    };
    stop.check()?;
    let text = notes.put_back(text, style);
    Ok(Reading::of(text, form))
}

/// Too deep or too large for a tree: no more than the text can be had of it.
fn stripped(html: &str, view: &View) -> Result<Reading, Unreadable> {
    if view.selector.is_some() || matches!(view.format, Format::Links | Format::Metadata) {
        return Err(Unreadable::TooDeep);
    }
    Ok(Reading::of(plain::strip(html), Form::Stripped))
}
