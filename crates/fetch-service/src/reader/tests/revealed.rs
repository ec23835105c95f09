//! What a page hides until its scripts have run, and what only looks hidden.

use super::{is_dropped, markdown};

#[test]
fn what_a_script_takes_back_at_once_hides_nothing() {
    let menu = "<p>Menu</p>";
    for sheet in [
        "[v-cloak]{display:none}",
        "[v-cloak]{display:none!important}",
        "div[x-cloak]{display:none}",
        "[ng\\:cloak],[ng-cloak],[data-ng-cloak]{display:none!important}",
        ":is([v-cloak],[x-cloak]){visibility:hidden}",
        "[data-aos^=fade]{opacity:0;transform:translate3d(0,100px,0)}",
        "p,[data-aos][data-aos]{opacity:0}p{opacity:1}",
    ] {
        let text = markdown(&format!(
            "<style>{sheet}</style><nav>{menu}</nav>\
             <div v-cloak x-cloak ng-cloak data-aos=fade-up>Shown</div>"
        ));
        assert!(text.contains("Shown"), "{sheet}: {text}");
    }
    let rest = "<p>What is read</p>".repeat(5);
    for sheet in [
        "[v-cloak]{display:none}",
        ":is([v-cloak],[x-cloak]){visibility:hidden}",
        "p.s:not([x-cloak]){display:none}",
        "[data-s]{opacity:0}",
        ".s[data-v-7ba5bd90]{opacity:0;transition:opacity .2s}",
    ] {
        let secret = "<p class=s v-cloak data-s data-v-7ba5bd90>SECRET</p>";
        let text = markdown(&format!("<style>{sheet}</style>{rest}{secret}"));
        assert!(!text.contains("SECRET"), "{sheet}: {text}");
    }
    for sheet in [
        "[data-s]{display:none}",
        "[data-s]{opacity:0;display:none}",
        "[title]{opacity:0}",
        ":not([data-x]).s{opacity:0}",
    ] {
        is_dropped(&format!(
            "<style>{sheet}</style><p class=s data-s title=x>SECRET</p>"
        ));
    }
}

#[test]
fn letters_on_what_can_be_seen_through_are_shown() {
    for page in [
        "<style>.text-white{--tw-text-opacity:1;color:rgb(255 255 255/var(--tw-text-opacity))}\
         .bg-white\\/10{background-color:#ffffff1a}</style><p class='bg-white/10 text-white'>Shown</p>",
        "<style>:root{--color-white:#fff}.t{color:var(--color-white);\
         background-color:color-mix(in oklab,var(--color-white) 10%,transparent)}</style><p class=t>Shown</p>",
        "<p style='color:#fff3;background:#fff3'>Shown</p>",
        "<div style='color:#fff;background:#000'><p style='background:#fff2'>Shown</p></div>",
        "<div style='color:#fff;background:#fff'><p style='background:#0008'>Shown</p></div>",
        "<div style='color:red;background:currentcolor'><p style='background:#000c'>Shown</p></div>",
    ] {
        let text = markdown(&format!("<p>Beside it</p><p>Beside it too</p>{page}"));
        assert!(text.contains("Shown"), "{page}: {text}");
    }
    for page in [
        "<p style='color:#fff;background:#ffffffe6'>SECRET</p>",
        "<p style='color:#fff;background:color-mix(in oklab,#fff 90%,transparent)'>SECRET</p>",
        "<div style='color:#fff;background:#fff'><p style='background:#ffffff1a'>SECRET</p></div>",
        "<div style='color:red;background:currentcolor'><p style='background:#ff00001a'>SECRET</p></div>",
        "<div style='color:#fff;background:#fff'><p style='background:#fff3'>SECRET\
         <b style='background:#fff3'>SECRET</b></p></div>",
    ] {
        is_dropped(page);
    }
}
