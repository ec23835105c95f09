//! What a page hides until its scripts have run, and what only looks hidden.

use super::{is_dropped, markdown};

#[test]
fn what_a_script_takes_back_at_once_hides_nothing() {
    let menu = "<p>Menu</p>".repeat(4);
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
