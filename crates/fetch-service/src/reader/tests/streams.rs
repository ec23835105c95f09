//! Parts that come at the end of a page and that its scripts put in their places.

use dom_query::Document;

use super::markdown;
use crate::reader::{Stop, streamed};

const PART: &str = "<div hidden id='S:0'><p>STREAMED</p></div>";
const PLACE: &str = "<!--$?--><template id='B:0'></template><p>Loading</p><!--/$--><p>End</p>";
const CALL: &str = "$RC=function(a,b){};$RC(\"B:0\",\"S:0\")";

#[test]
fn what_a_script_of_the_page_moves_is_shown_in_its_place() {
    for open in [
        "<script>",
        "<script type=module>",
        "<script type=' Text/JavaScript'>",
        "<script nonce=x type>",
    ] {
        let text = markdown(&format!("<p>Start</p>{PLACE}{PART}{open}{CALL}</script>"));
        assert_eq!(text, "Start\n\nSTREAMED\n\nEnd", "{open}");
    }
}

#[test]
fn what_solid_puts_in_place_is_shown_and_what_is_streamed_within_it_too() {
    let parts = "<template id='0'><p>OUTER</p><template id='pl-1'></template><!--pl-1--></template>\
        <template id='1'><p>INNER</p></template><script>$df('0');$df('1')</script>";
    let place = "<template id='pl-0'></template><p>Loading</p><!--!$--><!--pl-0--><p>End</p>";
    let text = markdown(&format!("<p>Start</p>{place}{parts}"));
    assert_eq!(text, "Start\n\nOUTER\n\nINNER\n\nEnd");
    assert_eq!(markdown(&format!("<p>Start</p>{parts}")), "Start");
}

/// A text that no person sees is not made one by a call that no browser makes or that moves nothing.
#[test]
fn what_no_script_moves_stays_hidden() {
    let scripts = [
        "",
        "<script type='text/plain'>CALL</script>",
        "<script type='application/json'>CALL</script>",
        "<script src='/a.js'>CALL</script>",
        "<script nomodule>CALL</script>",
        "<noscript><script>CALL</script></noscript>",
        "<template><script>CALL</script></template>",
        "<script>$RC(\"\",\"S:0\")</script>",
        "<script>$RC(\"B:1\",\"S:0\")</script>",
        "<script>$RC(\"S:0\",\"S:0\")</script>",
        "<script>$RC(\"within\",\"S:0\")</script>",
        "<script>$RS(\"S:0\",\"P:1\")</script>",
        "<script>$df(\"solid\")</script>",
    ];
    let hidden = "<div hidden id='S:0'><p>SECRET</p><b id=within></b></div>\
        <template id=solid>SECRET</template>";
    for script in scripts {
        let script = script.replace("CALL", CALL);
        let text = markdown(&format!("<p id=''>Start</p>{PLACE}{hidden}{script}"));
        assert_eq!(text, "Start\n\nLoading\n\nEnd", "{script}");
    }
}

/// With as many calls as this, what is left over once the steps are used up is neither lost nor shown.
#[test]
fn what_is_moved_without_end_is_left_where_it_is() {
    let places = (1..3_000).map(|number| format!("<p id=P{number}><br id=Q{number}></p>"));
    let calls = (1..3_000).map(|number| format!("$RS(\"P{}\",\"Q{number}\");", number - 1));
    let (places, calls): (String, String) = (places.collect(), calls.collect());
    let words = "<b>word</b> ".repeat(2_000);
    let text = markdown(&format!(
        "<div id=P0>{words}</div>{places}<div hidden id='S:0'>SECRET</div>{PLACE}\
         <script>{calls}{CALL}</script>"
    ));
    assert_eq!(text.matches("word").count(), 2_000);
    assert!(text.ends_with("Loading\n\nEnd"), "{text}");
    assert!(!text.contains("SECRET"), "{text}");
}

#[test]
fn nothing_is_moved_once_nobody_waits() {
    let page = format!("{PLACE}{PART}<script>{CALL}</script>");
    let is_moved = |stop: &Stop| {
        let document = Document::from(page.as_str());
        streamed::put_in_place(&document, stop);
        document.select("[hidden]").is_empty()
    };
    let stop = Stop::default();
    assert!(is_moved(&stop));
    stop.set();
    assert!(!is_moved(&stop));
}
