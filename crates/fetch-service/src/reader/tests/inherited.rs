//! What is hidden by what it is in, and shown again by what it says itself.

use super::{is_dropped, markdown};

#[test]
fn what_the_whole_page_hides_is_hidden_where_something_in_it_is_shown() {
    for page in [
        "<body style='font-size:0'>SECRET<div style='font-size:16px'>Shown</div>",
        "<body style='visibility:hidden'><p>SECRET</p><p style='visibility:visible'>Shown</p>",
        "<html style='color:transparent'><p>SECRET</p><p style='color:#000'>Shown</p>",
        "<style>body{visibility:hidden}.v{visibility:visible}</style><p>SECRET</p>\
         <p class=v>Shown, and more than what is hidden beside it</p>",
    ] {
        let text = markdown(page);
        assert!(
            text.contains("Shown") && !text.contains("SECRET"),
            "{page}: {text}"
        );
    }
    for page in [
        "<body style='visibility:hidden'><p>Shown</p>",
        "<html style='font-size:0'><body><p>Shown</p><p hidden style='font-size:9px'>SECRET</p>",
        "<body style='visibility:hidden'><b style='visibility:visible'></b><p>Shown</p>",
        "<body style='opacity:0'><p>Shown</p>",
        "<style>body{visibility:hidden}.v{visibility:visible}</style><p>Shown, the whole of a page</p>\
         <p class=v>Menu</p>",
    ] {
        let text = markdown(page);
        assert!(
            text.contains("Shown") && !text.contains("SECRET"),
            "{page}: {text}"
        );
    }
}

#[test]
fn white_on_white_stays_that_where_half_of_it_is_said_again() {
    for (hidden, again) in [
        ("color:#fff;background:#fff", "color:#fff"),
        ("color:#fff;background:#fff", "background:#fff"),
        ("color:#fff;background:#fff", "background:#fefefe"),
        (
            "color:#fff;background:#fff",
            "-webkit-text-fill-color:white",
        ),
        (
            "color:#fff;background:#fff",
            "color:#000;-webkit-text-fill-color:white",
        ),
    ] {
        is_dropped(&format!(
            "<div style='{hidden}'><p style='{again}'>SECRET</p></div>"
        ));
        is_dropped(&format!(
            "<div style='{hidden}'><p style='{again}'><b style='{again}'>SECRET</b></p></div>"
        ));
    }
    for again in ["color:#000", "background:#000", "color:#eee"] {
        let text = markdown(&format!(
            "<p>Beside it</p><div style='color:#fff;background:#fff'>SECRET<p style='{again}'>Shown</p></div>"
        ));
        assert!(
            text.contains("Shown") && !text.contains("SECRET"),
            "{again}: {text}"
        );
    }
}
