//! What is hidden in formulas, where they do not become TeX.

use super::{is_dropped, markdown};

#[test]
fn a_formula_of_which_nothing_is_drawn_is_nothing() {
    for formula in [
        "<mphantom><mi>SECRET</mi></mphantom>",
        "<annotation encoding='text/plain'>SECRET</annotation>",
        "<semantics><mrow></mrow><annotation-xml>SECRET</annotation-xml></semantics>",
        "<semantics><mi>x</mi><mi>SECRET</mi></semantics>",
        "<maction><mi>x</mi><mi>SECRET</mi></maction>",
    ] {
        is_dropped(&format!("<p>a</p><math>{formula}</math>"));
        is_dropped(&format!("<p>a</p><math alttext=' '>{formula}</math>"));
    }
    let text = markdown("<p>a <math alttext=''><mi>x</mi></math></p>");
    assert_eq!(text, "a $x$");
}

#[test]
fn a_formula_that_is_too_long_shows_no_more_than_a_browser_draws() {
    let long = format!("<mtext>{}</mtext>", "x".repeat(4_001));
    for hidden in [
        "<mphantom><mi>SECRET</mi></mphantom>",
        "<annotation>SECRET</annotation>",
        "<annotation-xml><mi>SECRET</mi></annotation-xml>",
        "<semantics><mi>y</mi><mi>SECRET</mi></semantics>",
    ] {
        let text = markdown(&format!("<p>a</p><math>{long}{hidden}</math><p>End</p>"));
        assert!(!text.contains("SECRET"), "{hidden}");
        assert!(text.contains("xxx") && text.contains("End"), "{hidden}");
    }
}

#[test]
fn what_is_hidden_within_a_formula_is_no_part_of_it() {
    for formula in [
        "<mi style='display:none'>SECRET</mi><mi>x</mi>",
        "<mtext><span hidden>SECRET</span></mtext><mi>x</mi>",
        "<mphantom><mi>SECRET</mi></mphantom><mi>x</mi>",
        "<style>.s{display:none}</style><mi class=s>SECRET</mi><mi>x</mi>",
        "<mrow style='visibility:hidden'><mi>SECRET</mi></mrow><mi>x</mi>",
    ] {
        let text = markdown(&format!(
            "<p>Index of pages</p><math>{formula}</math><p>End</p>"
        ));
        assert_eq!(text, "Index of pages\n\n$x$\n\nEnd", "{formula}");
    }
    is_dropped("<style>mi.s{display:none}</style><math><mi class=s>SECRET</mi></math>");
    let text = markdown(
        "<math><semantics><mi>x</mi><annotation encoding=TeX style=display:none>Shown</annotation></semantics></math>",
    );
    assert!(text.contains("Shown"), "{text}");
}
