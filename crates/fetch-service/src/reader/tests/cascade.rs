//! Which of the styles of a page rules, as browsers work it out.

use super::{html, is_dropped, markdown};

/// In the places that count, with as much text beside it that no rule hides too much.
fn is_kept(shown: &str) {
    let text = markdown(&format!(
        "{shown}{}",
        "<section>Beside it</section>".repeat(5)
    ));
    assert!(text.contains("Shown"), "{shown}: {text}");
    assert!(!text.contains("SECRET"), "{shown}: {text}");
}

#[test]
fn a_rule_that_never_applies_shows_nothing() {
    for block in [
        "@media not all",
        "@media (max-width:1px)",
        "@media (min-width:9999px)",
        "@media (min-width:1)",
        "@media speech",
        "@media only print",
        "@media (hover:none)",
        "@supports (x:y)",
        "@supports not (display:grid)",
        "@container (width>1px)",
        "@scope (.nowhere)",
        "@starting-style",
        "@keyframes k",
        "@font-face",
        "@nonsense",
        "@media all{@media not all",
        "@media and",
        "@media screen (min-width:1px)",
        "@media (max-width:1px) and (min-width:1px) or (min-width:1px)",
        "@supports screen",
        "@supports",
    ] {
        for (hides, shows) in [(".s", "p.s"), ("p.s", "p.s.x"), (".s", ".x")] {
            let ends = "}".repeat(block.matches('{').count());
            is_dropped(&format!(
                "<style>{hides}{{display:none}}{block}{{{shows}{{display:block}}}}{ends}</style>\
                 <p class='s x'>SECRET</p>"
            ));
        }
    }
}

#[test]
fn media_of_a_sheet_are_no_deeper_than_they_can_be_read() {
    for (open, close) in [("(", ")"), ("(not (", "))"), ("not ", "")] {
        let media = format!("{}all{}", open.repeat(50_000), close.repeat(50_000));
        is_kept(&format!(
            "<style media='{media}'>.t{{display:none}}</style><style>@media {media}{{.t{{display:none}}}}\
             </style><p class=t>Shown</p>"
        ));
    }
    is_dropped(
        "<style media='screen and (/**/min-width:1px)'>.s{display:none}</style><p class=s>SECRET</p>",
    );
}

#[test]
fn what_is_for_the_window_of_a_computer_is_for_the_reader() {
    for block in [
        "@media (min-width:768px)",
        "@media screen and (min-width:48em) and (max-width:90em)",
        "@media (width>=600px)",
        "@media print,(orientation:landscape)",
        "@supports (display:grid)",
        "@supports (display:grid!important)",
        "@media,screen",
    ] {
        is_kept(&format!(
            "<style>.t{{display:none}}{block}{{.t{{display:block}}}}</style><p class=t>Shown</p>"
        ));
        is_dropped(&format!(
            "<style>{block}{{.s{{display:none}}}}</style><p class=s>SECRET</p>"
        ));
    }
    for block in ["@media (max-width:767px)", "@supports (display:x)"] {
        is_kept(&format!(
            "<style>{block}{{.t{{display:none}}}}</style><p class=t>Shown</p>"
        ));
    }
}

#[test]
fn what_shows_another_element_or_this_one_elsewhere_shows_nothing_here() {
    for sheet in [
        ".t .s{visibility:hidden}.t:hover .s{visibility:visible}",
        "p.s{display:none}.nowhere .s{display:block}",
        "p.s{display:none}.t>.x .s{display:block}",
        "p.s{display:none}.s+.s{display:block}",
        ".s{display:none}.s:nth-child(99){display:block}",
        ".s{display:none}.s[data-x]{display:block}",
        ".s{display:none}.s:not(.s){display:block}",
        ".s{display:none}.s:has(.none){display:block}",
    ] {
        is_dropped(&format!(
            "<style>{sheet}</style><div class=t>x <p class=s>SECRET</p></div>"
        ));
    }
    for sheet in [
        ".t{display:none}.t[data-x]{display:block}",
        ".t{display:none}.x .t:last-child{display:block}",
        ".t{display:none}.t:not(.u){display:block}",
        ".x *{display:none}.x>p.t{display:block}",
    ] {
        is_kept(&format!(
            "<style>{sheet}</style><div class=x><p class=t data-x>Shown</p></div>"
        ));
    }
}

#[test]
fn of_two_rules_the_one_that_weighs_more_rules() {
    for (sheet, element) in [
        ("#s{display:none}p.x{display:block}", "<p id=s class=x>"),
        (
            "#s{display:none}.x.y.z{display:block}",
            "<p id=s class='x y z'>",
        ),
        (
            "ul.nav li{display:block}ul.nav li.off{display:none}",
            "<ul class=nav><li class=off>",
        ),
        (".x.s{display:none}p.s{display:block}", "<p class='x s'>"),
        (".s{display:none}:where(p.s){display:block}", "<p class=s>"),
        (":is(#a,.s){display:none}p.s{display:block}", "<p class=s>"),
        (
            "p.s{display:none!important}#s.s{display:block}",
            "<p class=s id=s>",
        ),
        ("p.s{display:none}.s{display:block}", "<p class=s>"),
        (
            ".s{display:none}@layer a{p.s.s{display:block}}",
            "<p class=s>",
        ),
    ] {
        is_dropped(&format!("<style>{sheet}</style>{element}SECRET</ul></p>"));
    }
    for (sheet, element) in [
        ("p.t{display:none}#t{display:block}", "<p class=t id=t>"),
        ("p{display:none}.t{display:block}", "<p class=t>"),
        (
            "ul.nav li.off{display:none}ul.nav li.off.on{display:block}",
            "<ul class=nav><li class='off on'>",
        ),
        (
            ".t{display:block!important}#t{display:none}",
            "<p class=t id=t>",
        ),
        (
            ".t{display:block!important}",
            "<p class=t style=display:none>",
        ),
    ] {
        is_kept(&format!("<style>{sheet}</style>{element}Shown</ul></p>"));
    }
}

#[test]
fn what_hides_together_hides_from_several_places_too() {
    for page in [
        "<style>.a,.s{position:absolute}.s{left:-9999px}</style><p class=s>SECRET</p>",
        "<style>.s{overflow:hidden}.s{height:0}</style><p class=s>SECRET</p>",
        "<style>.s{color:#fff}.s{background:#fff}</style><p class=s>SECRET</p>",
        "<style>p{background:#fff}.s{color:#fff}</style><p class=s>SECRET</p>",
        "<style>.s{position:absolute}</style><p class=s style=left:-9999px>SECRET</p>",
        "<style>.s{left:-9999px}</style><p class=s style=position:absolute>SECRET</p>",
        "<style>.s{overflow:hidden}.s{max-height:0}.s{overflow-x:visible}</style><p class=s>SECRET</p>",
    ] {
        is_dropped(page);
    }
    for page in [
        "<style>.t{position:absolute;left:-9999px}.t{position:static}</style><p class=t>Shown</p>",
        "<style>.t{color:#fff;background:#fff}.t{background:#000}</style><p class=t>Shown</p>",
        "<style>.t{height:0;overflow:hidden}.t{overflow:visible}</style><p class=t>Shown</p>",
        "<style>.t{height:0;overflow:hidden}</style><p class=t style=height:auto>Shown</p>",
    ] {
        is_kept(page);
    }
}

#[test]
fn sheets_are_taken_apart_as_browsers_do() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(76), close.repeat(76));
    let open = format!("{}{}", "(".repeat(76), ")".repeat(75));
    for sheet in [
        ".s{display:none};.s{display:block}",
        ".s{display:none}.s,!{display:block}",
        ".s{display:none}.s,{display:block}",
        ".s{display:none},.s{display:block}",
        ".s{display:none}.s,#1{display:block}",
        ".s{display:none}.s,.s:nonsense{display:block}",
        ".s{display:none}.s,.s::nonsense{display:block}",
        ".s{display:none}.s,p/**/p{display:block}",
        ".s{display:none}> .s{display:block}",
        ".s{b:hover{color:red}display:none}",
        ".s{display:none;display:block{}}",
        "<!-- .s{display:none} -->",
        &format!(".s{{display:none;--x:{open};display:block;x:)}}"),
        &format!(".s{{display:none}}{} .s{{--x:1}}", deep("@x{", "}")),
        &format!("{} .s{{display:none}}", deep("@media all{", "}")),
    ] {
        is_dropped(&format!("<style>{sheet}</style><p class=s>SECRET</p>"));
    }
    let style = format!("display:none;--x:{open};display:block;x:)");
    is_dropped(&format!("<p style='{style}'>SECRET</p>"));
    for sheet in [
        ".t,{display:none}",
        ".t,!{display:none}",
        ".t,.t:nonsense{display:none}",
        "#123{display:none}",
        ";.t{display:none}",
        "@nonsense{.t{display:none}}",
        "@import 'x';.t{display:block}",
    ] {
        is_kept(&format!(
            "<style>{sheet}</style><p class=t id=123>Shown</p>"
        ));
    }
}

#[test]
fn selectors_are_read_as_browsers_read_them() {
    for (selector, element) in [
        ("*.s", "<p class=s>"),
        (".x *", "<div class=x><p>"),
        (":is(.s)", "<p class=s>"),
        (":where(.s,.t)", "<p class=s>"),
        (":root .s", "<p class=s>"),
        ("p.md\\:s", "<p class=md:s>"),
        ("P.s", "<p class=s>"),
        (".s + div", "<p class=s></p><div>"),
        ("*|*.s", "<p class=s>"),
        ("*|p.s", "<p class=s>"),
        (".s,*|x", "<p class=s>"),
        ("& .s", "<p class=s>"),
        (":is(.s,:x)", "<p class=s>"),
        (":is(:x,p.s)", "<p class=s>"),
        (".s[class]", "<p class=s>"),
        (".s:not(.q)", "<p class=s>"),
        ("[data-s='1']", "<p data-s=1>"),
        (".x > :is(p, b)", "<div class=x><p>"),
    ] {
        is_dropped(&format!(
            "<style>{selector}{{display:none}}</style>{element}SECRET</p></div>"
        ));
    }
    // Where nothing says that it is a page of today, and where something does.
    is_dropped("<style>.S{display:none}</style><p class=s>SECRET</p>");
    let (text, _) = html(
        "<!doctype html><style>.S{display:none}</style><p class=s>Shown</p><p class=S>SECRET</p>\
         <section>Beside it</section>",
    );
    assert!(text.contains("Shown") && !text.contains("SECRET"), "{text}");
}

#[test]
fn what_is_hidden_by_what_it_inherits_is_shown_where_it_says_otherwise() {
    for (hidden, shown) in [
        ("font-size:0px", "font-size:13px"),
        ("visibility:hidden", "visibility:visible"),
        ("color:transparent", "color:#000"),
        (
            "-webkit-text-fill-color:transparent",
            "-webkit-text-fill-color:red",
        ),
        ("color:#fff;background:#fff", "color:#000"),
        ("text-indent:-9999px", "text-indent:0"),
    ] {
        is_kept(&format!(
            "<table><tr><td style='{hidden}'>SECRET<div style='{shown}'>Shown</div></table>"
        ));
        is_kept(&format!(
            "<style>.s{{{hidden}}}.t{{{shown}}}</style>\
             <div class=s>SECRET<b>SECRET</b><div><div class=t>Shown</div></div></div>"
        ));
        is_dropped(&format!(
            "<div style='{hidden}'><p style='{hidden}'>SECRET</div>"
        ));
        is_dropped(&format!(
            "<div style='{hidden}'><p style='margin:0'>SECRET</div>"
        ));
    }
    for (hidden, shown) in [
        ("font-size:0", "font-size:1em"),
        ("font-size:0", "font-size:200%"),
        ("font-size:0", "font-size:inherit"),
        ("visibility:hidden", "visibility:inherit"),
        ("color:transparent", "color:currentcolor"),
        ("opacity:0", "opacity:1"),
        ("display:none", "display:block"),
        ("clip-path:inset(50%)", "clip-path:none"),
    ] {
        is_dropped(&format!(
            "<div style='{hidden}'><p style='{shown}'>SECRET</p></div>"
        ));
    }
    let picture = "<td style='font-size:0'>SECRET<img src=a.png alt=Shown></td>";
    is_kept(&format!("<table><tr>{picture}</table>"));
}

#[test]
fn what_fades_in_by_its_own_style_is_shown() {
    let moved = "opacity:0;transform:translateY(20px)";
    for page in [
        format!("<main><div style='{moved}'>Shown, the whole of a long article</div></main>"),
        "<p style='opacity:0;animation:x 1s'>Shown</p>".to_owned(),
        "<style>.t{animation:x 1s}</style><p class=t style=opacity:0>Shown</p>".to_owned(),
    ] {
        assert!(markdown(&page).contains("Shown"), "{page}");
    }
    is_dropped(&format!("<p style='{moved}'>SECRET</p>"));
    is_dropped("<p style='opacity:0;animation:none'>SECRET</p>");
}

#[test]
fn an_attribute_weighs_what_a_class_does() {
    is_dropped(
        "<style>.s{display:block}[title]{display:none}</style><p class=s title=x>SECRET</p>",
    );
    is_kept("<style>p[title]{display:block}.s{display:none}</style><p class=s title=x>Shown</p>");
}

#[test]
fn a_rule_that_fades_keeps_its_place_among_others() {
    for style in [
        ".s{opacity:1}[data-s]{opacity:0}",
        ".s{opacity:1}.s,[data-other]{opacity:0}",
    ] {
        is_dropped(&format!(
            "<style>{style}</style><p class=s data-s>SECRET</p>"
        ));
    }
    is_kept("<style>[data-s]{opacity:0}.s{opacity:1}</style><p class=s data-s>Shown</p>");
}

#[test]
fn colors_that_are_the_same_are_the_same_however_they_are_written() {
    let long = "X".repeat(1_001);
    for style in [
        format!("color:#fff;background-color:#fff;background-color:{long}"),
        format!("color:#fff;background-color:{long}"),
        format!("color:#fff;background:#fff;background:{long}"),
        "color:#fff;background:#fff;background:nonsense".to_owned(),
        "color:hsl(0 0% 100%);background:#fff".to_owned(),
        "color:hsl(120,100%,25%);background:#008000".to_owned(),
        "color:hwb(90 100% 0%);background:white".to_owned(),
        "color:oklch(.5 .1 20);background:oklch(.5 .1 20)".to_owned(),
        "color:var(--x);background:var(--x)".to_owned(),
        "background:currentcolor".to_owned(),
        "color:canvas".to_owned(),
        "color:#fff;background:canvas".to_owned(),
    ] {
        let color = if style.starts_with("background") {
            "color:red;"
        } else {
            ""
        };
        is_dropped(&format!("<p style='{color}{style}'>SECRET</p>"));
    }
    for style in [
        "color:#fff;background:linear-gradient(to right, red, blue)",
        &format!(
            "color:#fff;background:linear-gradient({})",
            ["red"; 400].join(",")
        ),
        "color:#fff;background:url(x) no-repeat center / cover #000",
        "color:var(--x);background:var(--y)",
        "color:inherit;background:inherit",
        "color:canvas;background:#123",
        "color:hsl(0 0% 10%);background:#fff",
    ] {
        is_kept(&format!("<p style='{style}'>Shown</p>"));
    }
}

#[test]
fn what_is_drawn_off_or_has_lines_of_no_height_is_dropped() {
    is_dropped("<p style='position:absolute;margin-top:-9999px'>SECRET</p>");
    is_dropped("<p style='position:fixed;margin:-9999px 0 0'>SECRET</p>");
    is_dropped("<p style='line-height:0;overflow:hidden'>SECRET</p>");
    is_kept("<p style='position:absolute;top:50%;height:1200px;margin-top:-600px'>Shown</p>");
    is_kept("<p style='line-height:1;overflow:hidden'>Shown</p>");
    is_kept("<div style='line-height:0;overflow:hidden'><img src=a.png alt=Shown></div>");
    is_kept("<div style='line-height:0;overflow:hidden'><p style='line-height:1.5'>Shown</div>");
    is_kept("<p><font size=0>Shown</font></p>");
}

#[test]
fn the_heading_of_an_accordion_is_text_though_it_is_a_button() {
    let text = markdown(
        "<h2 class=accordion-header><button class=accordion-button>How do I renew?</button></h2>\
         <p>By post.</p><dl><dt><button>Term</button></dt><dd>Meaning</dd></dl>\
         <button aria-expanded=false>Costs</button><p>None.</p><button>Send</button>\
         <button aria-expanded=false aria-haspopup=menu>Open</button>\
         <nav><button aria-expanded=false>Menu</button></nav>",
    );
    assert!(text.contains("## How do I renew?"), "{text}");
    assert!(text.contains("Term") && text.contains("Costs"), "{text}");
    for button in ["Send", "Menu", "Open"] {
        assert!(!text.contains(button), "{text}");
    }
}
