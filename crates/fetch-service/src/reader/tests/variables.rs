//! Values that browsers work out: sums, and custom properties.

use super::{is_dropped, markdown};

#[test]
fn what_a_sum_or_a_variable_hides_is_hidden() {
    for page in [
        "<p style='display:var(--x,none)'>SECRET</p>",
        "<p style='--x:0;opacity:var(--x)'>SECRET</p>",
        "<p style='--X:0;--x:1;opacity:var(--X)'>SECRET</p>",
        "<p style='--x:var(--y);--y:none;display:var(--x)'>SECRET</p>",
        "<p style='opacity:calc(1 - 1)'>SECRET</p>",
        "<p style='position:absolute;left:calc(0px - 9999px)'>SECRET</p>",
        "<p style='position:absolute;left:calc(-infinity * 1px)'>SECRET</p>",
        "<p style='font-size:min(0px,1px)'>SECRET</p>",
        "<p style='font-size:calc(0px - 9px)'>SECRET</p>",
        "<p style='transform:translateX(calc(1px - 9999px))'>SECRET</p>",
        "<p style='display:env(x,none)'>SECRET</p>",
        "<style>:root{--x:none}p.s{display:var(--x)}</style><p class=s>SECRET</p>",
        "<style>p.s{display:var(--x)}:root{--x:none}</style><p class=s>SECRET</p>",
        "<style>.s{--x:0!important}p.s{--x:1;opacity:var(--x)}</style><p class=s>SECRET</p>",
        "<style>p.s{display:none}p.s{display:var(--x,none)}</style><p class=s>SECRET</p>",
        "<div style='visibility:hidden'><p style='visibility:var(--x)'>SECRET</p></div>",
        "<div style='font-size:0'><p style='font-size:calc(1em + 0px)'>SECRET</p></div>",
    ] {
        is_dropped(page);
    }
}

#[test]
fn what_a_sum_or_a_variable_shows_is_shown() {
    for page in [
        "<p style='display:none;display:var(--x,block)'>Shown</p>",
        "<p style='--x:1;opacity:0;opacity:var(--x)'>Shown</p>",
        "<p style='opacity:var(--x);--x:var(--x)'>Shown</p>",
        "<p style='display:none;display:var(--nothing)'>Shown</p>",
        "<p style='opacity:calc(1 - .2)'>Shown</p>",
        "<p style='padding-top:env(safe-area-inset-top);width:calc(100% - 9px)'>Shown</p>",
        "<p style='margin-left:calc(50% - 50vw)'>Shown</p>",
        "<style>:root{--x:none}.u{--x:block}p.t{display:var(--x)}</style><b class=u>x</b>\
         <p class='t u'>Shown</p>",
        "<style>:root{--x:0}.u{--x:1}.u p{opacity:var(--x)}</style><div class=u><p>Shown</p></div>",
    ] {
        let text = markdown(&format!("<p>Beside it</p>{page}<p>Beside it too</p>"));
        assert!(text.contains("Shown"), "{page}: {text}");
    }
}

/// Values that are made of each other.
#[test]
fn variables_have_an_end() {
    let doubled = (0..60).map(|n| format!("--x{n}:var(--x{m})var(--x{m});", m = n + 1));
    let doubled: Vec<String> = doubled.collect();
    let doubled = doubled.concat();
    let page = format!("<p style='{doubled}opacity:var(--x0)'>Shown</p>").repeat(50);
    assert!(markdown(&page).contains("Shown"));
}
