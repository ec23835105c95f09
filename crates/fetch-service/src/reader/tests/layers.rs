//! Rules in layers and in conditions, and how much they weigh there.

use super::{is_dropped, markdown};

fn is_kept(shown: &str) {
    let text = markdown(&format!("<p>Beside it</p><p>Beside it too</p>{shown}"));
    assert!(text.contains("Shown"), "{shown}: {text}");
}

#[test]
fn what_is_in_a_layer_weighs_less_than_what_is_in_none() {
    for page in [
        "<style>.t{display:block}@layer a{.t{display:none}}</style><p class=t>Shown</p>",
        "<style>@layer a{.t{display:none}}.t{display:block}</style><p class=t>Shown</p>",
        "<style>@layer a{#t{display:none}}p{display:block}</style><p id=t>Shown</p>",
        "<style>@layer a{.t{display:none}}@layer{.t{display:block}}</style><p class=t>Shown</p>",
    ] {
        is_kept(page);
    }
    for page in [
        "<style>.s{display:none}@layer a{.s{display:block}}</style><p class=s>SECRET</p>",
        "<style>@layer a{.s{display:block}}.s{display:none}</style><p class=s>SECRET</p>",
        "<style>@layer a{.s{display:none}}</style><p class=s>SECRET</p>",
        "<style>@layer{.s{display:none}}</style><p class=s>SECRET</p>",
    ] {
        is_dropped(page);
    }
}

#[test]
fn the_root_weighs_more_than_its_name() {
    for page in [
        "<style>:root{--d:none}html{--d:block}p.s{display:var(--d)}</style><p class=s>SECRET</p>",
        "<style>html{--d:none}&{--d:block}p.s{display:var(--d)}</style><p class=s>SECRET</p>",
        "<style>:root{--d:none}@layer a{:root{--d:block}}p.s{display:var(--d)}</style><p class=s>SECRET</p>",
    ] {
        is_dropped(page);
    }
}

#[test]
fn what_is_important_weighs_most_in_a_layer() {
    for page in [
        "<style>@layer a{.s{display:none!important}}p.s{display:block!important}</style><p class=s>SECRET</p>",
        "<style>p.s{display:block!important}@layer a{.s{display:none!important}}</style><p class=s>SECRET</p>",
        "<style>@layer a{.s{--d:none!important}}p.s{--d:block!important;display:var(--d)}</style><p class=s>SECRET</p>",
        "<style>@layer a{.s{display:block!important}}</style><p class=s style='display:none!important'>SECRET</p>",
    ] {
        is_dropped(page);
    }
    for page in [
        "<style>@layer a{.t{display:block!important}}p.t{display:none!important}</style><p class=t>Shown</p>",
        "<style>@layer a{.t{display:none!important}}</style><p class=t style='display:block!important'>Shown</p>",
        "<style>@layer a{.t{display:none}}p.t{display:block!important}</style><p class=t>Shown</p>",
    ] {
        is_kept(page);
    }
}

#[test]
fn what_a_condition_within_a_rule_declares_is_of_the_rule() {
    for page in [
        "<style>@layer utilities{.hidden{display:none}.md\\:block{@media (width >= 48rem){display:block}}}\
         </style><div class='hidden md:block'>Shown</div>",
        "<style>.t{display:none;@media(min-width:9px){display:block}}</style><p class=t>Shown</p>",
        "<style>.t{display:none;@supports(display:grid){@media screen{display:block}}}</style><p class=t>Shown</p>",
        "<style>.t{--d:none;display:var(--d);@media screen{--d:block}}</style><p class=t>Shown</p>",
        "<style>.t{@media screen{display:none}display:block}</style><p class=t>Shown</p>",
        "<style>.t{@layer a{display:none}}p{display:block}</style><p class=t>Shown</p>",
        "<style>.t{@media print{display:none}@media(hover:hover){display:none}}</style><p class=t>Shown</p>",
        "<style>.t{@starting-style{display:none}}</style><p class=t>Shown</p>",
    ] {
        is_kept(page);
    }
    for page in [
        "<style>.s{@media screen{display:none}}</style><p class=s>SECRET</p>",
        "<style>.s{display:none;@media print{display:block}}</style><p class=s>SECRET</p>",
        "<style>.s{display:none;@media(hover:hover){display:block}}</style><p class=s>SECRET</p>",
        "<style>.s{display:none;@layer a{display:block}}</style><p class=s>SECRET</p>",
        "<style>.s{display:none;@media screen{b{display:block}}}</style><p class=s>SECRET</p>",
        "<style>.s{@import x;display:none}</style><p class=s>SECRET</p>",
        "<style>.s{@media screen{top:0}display:none}</style><p class=s>SECRET</p>",
        "<p style='@media screen{display:block}display:none'>SECRET</p>",
    ] {
        is_dropped(page);
    }
}
