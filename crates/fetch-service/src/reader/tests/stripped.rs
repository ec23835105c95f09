//! Pages of which no more than the text is had.

use super::{Form, html};

#[test]
fn a_stripped_page_that_is_hidden_as_a_whole_is_shown() {
    let deep = "<div>".repeat(300);
    for open in ["<html hidden>", "<body style=\"opacity:0\">"] {
        let (text, form) = html(&format!("{open}{deep}<p>Start</p><p hidden>SECRET</p>"));
        assert_eq!((text.as_str(), form), ("Start", Form::Stripped), "{open}");
    }
}

#[test]
fn quotes_in_a_stripped_page_quote_where_a_value_begins_alone() {
    let deep = "<div>".repeat(300);
    for tag in [
        "<b title=Bob's>",
        "<b title=Bob's class='a>b'>",
        "<b title='Bob>s'>",
        "<b title = \"Bob's >\" id=x>",
        "<b ' \" id=x>",
        "<b =\">",
        "<b/title=\"a/>\"/>",
        "<b title=a/b\">",
        "<b title=''class='>'>",
    ] {
        let (text, form) = html(&format!("{deep}{tag}Start</b><p>End</p>"));
        assert_eq!(
            (text.as_str(), form),
            ("Start\nEnd", Form::Stripped),
            "{tag}"
        );
    }
}
