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
fn what_is_hidden_in_a_stripped_page_ends_where_it_does_in_a_browser() {
    let deep = "<div>".repeat(300);
    for hidden in [
        "</ SECRET>",
        "</>",
        "<!-- SECRET --!>",
        "<!-->",
        "<!--->",
        "<!-- <!-- SECRET -->",
        "<div hidden><title></div></title>SECRET</div>",
        "<div hidden><xmp></div></xmp>SECRET</div>",
        "<div hidden><table><tr><td></div>SECRET<td>x</table></div>",
        "<div hidden><table><tr><td>x</td></tr></table><button></div>SECRET</button></div>",
        "<div hidden><svg><g></div></svg><svg/>x</div>",
        "<div hidden><table><tr><td><div>SECRET</div></td></tr></table></div>",
        "<table><tr><td hidden><table><tr><td></td></table>SECRET</td></table>",
        "<script><!--<script></script>SECRET--></script>",
        "<script><!--<script></script>SECRET</script>",
        "<script><!-- x </script>",
        "<script><!--><script></script>",
    ] {
        let (text, form) = html(&format!("{deep}<p>Start</p>{hidden}<p>End</p>"));
        assert_eq!(form, Form::Stripped);
        assert!(!text.contains("SECRET"), "{hidden}: {text}");
        assert!(
            text.starts_with("Start") && text.ends_with("End"),
            "{hidden}: {text}"
        );
    }
}

/// Each would look for what it ends.
#[test]
fn ends_in_what_is_hidden_cost_no_more_than_the_page() {
    let ends: super::bombs::Part = ("ends", |n| {
        let (open, close) = ("<table>".repeat(100 * n), "</td></button>".repeat(100 * n));
        format!("{}<div hidden>{open}{close}", "<div>".repeat(300))
    });
    super::bombs::grows_with_the_page(ends, 50, &[super::Format::Markdown]);
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

#[test]
fn attributes_of_a_stripped_page_are_read_as_browsers_read_them() {
    let deep = "<div>".repeat(300);
    for hidden in [
        "<p style=display:none id=x>SECRET</p>",
        "<p id=x style=display:none>SECRET</p>",
        "<p style=\"background:url('x');display:none\">SECRET</p>",
        "<p style='display&#58;none'>SECRET</p>",
        "<p style='display&#x3anone'>SECRET</p>",
        "<p style='display&colon;none;x:&y; & &nothing;'>SECRET</p>",
        "<p STYLE = 'display:none'style='x'>SECRET</p>",
        "<p class='b sr-only'>SECRET</p>",
        "<p popover>SECRET</p>",
        "<canvas>SECRET</canvas>",
        "<iframe><b hidden></iframe>",
    ] {
        let (text, form) = html(&format!("{deep}Start{hidden}<p>End</p>"));
        assert_eq!(form, Form::Stripped);
        assert!(!text.contains("SECRET"), "{hidden}: {text}");
        assert!(text.starts_with("Start") && text.ends_with("End"), "{text}");
    }
    for shown in [
        "<p title='style=display:none hidden'>Shown</p>",
        "<p data-style=display:none data-hidden=x>Shown</p>",
        "<p id=x style=display:block style=display:none>Shown</p>",
        "<dialog open>Shown</dialog>",
    ] {
        let (text, _) = html(&format!("{deep}{shown}"));
        assert_eq!(text, "Shown", "{shown}");
    }
}

#[test]
fn a_raw_element_of_a_stripped_page_ends_with_its_own_name() {
    let deep = "<div>".repeat(300);
    for (raw, expected) in [
        ("<style></stylex>SECRET</style><p>End</p>", "End"),
        ("<script>SECRET</script-x>SECRET</script ><p>End</p>", "End"),
        ("<style>SECRET</style/><p>End</p>", "End"),
        ("<style>SECRET</style", ""),
    ] {
        let (text, _) = html(&format!("{deep}{raw}"));
        assert_eq!(text, expected, "{raw}");
    }
}
