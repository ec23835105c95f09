//! What a browser hides from its reader, in the ways in which a page that means ill would say it.

use super::{Format, is_dropped, markdown, page, read, viewed};
use crate::reader::View;

const HIDDEN: [&str; 70] = [
    // As browsers read declarations.
    "<p style='display:none !important;display:block'>SECRET</p>",
    "<p style='display:none;display:x'>SECRET</p>",
    "<p style='display:n\\6fne'>SECRET</p>",
    "<p style='--x:\"/*\";display:none'>SECRET</p>",
    "<p style='display:none;--x:\";display:block;\"'>SECRET</p>",
    "<p style='visibility:hidden;visibility:shown'>SECRET</p>",
    "<p style='opacity:0;opacity:full'>SECRET</p>",
    "<p style='font-size:0;font-size:12'>SECRET</p>",
    "<p style='display:none;display:block block'>SECRET</p>",
    "<p style='display:none;display:run-in'>SECRET</p>",
    "<p style='visibility:hidden;visibility:visible visible'>SECRET</p>",
    "<p style='font-size:0;font-size:-1px'>SECRET</p>",
    "<p style='font-size:0;font-size:auto'>SECRET</p>",
    "<p style='scale:0;scale:1px'>SECRET</p>",
    "<p style='transform:scale(0);transform:scales(1)'>SECRET</p>",
    "<p style='transform:scale(0);transform:scale(x)'>SECRET</p>",
    "<p style='filter:opacity(0);filter:blur(x)'>SECRET</p>",
    "<p style='filter:opacity(0) drop-shadow(0 0 red)'>SECRET</p>",
    "<p style='color:transparent;color:hsl(x)'>SECRET</p>",
    // By another name of the same, or by a sum.
    "<p style='opacity:-1'>SECRET</p>",
    "<p style='opacity:calc(0)'>SECRET</p>",
    "<p style='-webkit-transform:scale(0)'>SECRET</p>",
    "<p style='overflow-y:hidden;height:0'>SECRET</p>",
    "<p style='overflow:auto;max-block-size:0'>SECRET</p>",
    // Off the screen, or cut.
    "<p style='margin:0 0 0 -9999px'>SECRET</p>",
    "<p style='position:absolute;inset:-9999px auto auto'>SECRET</p>",
    "<p style='position:absolute;right:9999px'>SECRET</p>",
    "<p style='transform:translateX(-9999px)'>SECRET</p>",
    "<p style='translate:0 -100vh'>SECRET</p>",
    "<p style='clip-path:inset(0 60% 0 40%)'>SECRET</p>",
    "<p style='clip-path:circle(0 at 50% 50%)'>SECRET</p>",
    "<p style='clip-path:polygon(0 0, 0 0, 0 0)'>SECRET</p>",
    // Painted in no color, or not at all.
    "<p style='color:#fefefe;background:#fff'>SECRET</p>",
    "<p style='color:rgba(0,0,0,0)'>SECRET</p>",
    "<p style='color:#0000'>SECRET</p>",
    "<p style='color:rgb(0 0 0 / 0%)'>SECRET</p>",
    "<p style='color:transparent;color:nothing'>SECRET</p>",
    "<p style='color:transparent;background-clip:words'>SECRET</p>",
    "<p style='-webkit-text-fill-color:transparent'>SECRET</p>",
    "<p style='color:#FFF;background:rgb(255 255 255)'>SECRET</p>",
    "<p style='color:white;background:url(x) white'>SECRET</p>",
    "<p style='filter:blur(1px) opacity(0)'>SECRET</p>",
    // In no size.
    "<p style='font:0/0 a'>SECRET</p>",
    "<p style='scale:0'>SECRET</p>",
    "<p style='scale:1 0'>SECRET</p>",
    "<p style='transform:rotate(3deg) scaleY(0)'>SECRET</p>",
    // Said to browsers that are none of today's.
    "<noembed>SECRET</noembed>",
    "<noframes>SECRET</noframes>",
    "<progress>SECRET</progress>",
    "<meter><span>SECRET</span></meter>",
    "<div popover>SECRET</div>",
    // No framework shows these again.
    "<p class='sr-only x-block'>SECRET</p>",
    "<p class='d-none x-md-block'>SECRET</p>",
    "<p class='d-none d-print-block'>SECRET</p>",
    // Formulas.
    "<p>a <math hidden alttext=SECRET><mi>x</mi></math></p>",
    "<p>a <math style='display:none'><mi>SECRET</mi></math></p>",
    "<style>.m{display:none}</style><p>a <math class=m alttext=SECRET></math></p>",
    "<p>a <span class=mwe-math-element><img style='opacity:0' alt=SECRET></span></p>",
    "<p>a <span class=mwe-math-element hidden><img alt=SECRET></span></p>",
    // As browsers read sheets.
    "<style>/* { */ .a{display:none}</style><p class=a>SECRET</p>",
    "<style>.b::after{content:\"/* {\"} .a{display:none}</style><p class=a>SECRET</p>",
    "<style>.a{display:none;.b{color:red}}</style><p class=a>SECRET</p>",
    "<style>.\\61{display:none}</style><p class=a>SECRET</p>",
    "<style media='only screen'>.a{display:none}</style><p class=a>SECRET</p>",
    "<style>@media screen{.a{display:none}}</style><p class=a>SECRET</p>",
    "<style>@media print,all{@media{.a{display:none}}}</style><p class=a>SECRET</p>",
    "<style>p.a{display:none}</style><p class=a>SECRET</p>",
    "<style>.a.b{display:none}</style><p class='a b'>SECRET</p>",
    "<style>div > .a b{display:none}</style><div><p class=a><b>SECRET</b></div>",
    "<style>dfn{display:none}</style><p><dfn>SECRET</dfn>",
];

/// Shown by what browsers refuse, or by what weighs less.
const HIDDEN_STILL: [&str; 87] = [
    // What a box is, its reader says.
    "<style>.s{display:none}input:not(:checked)+.s{display:block}</style><input type=checkbox checked><p class=s>SECRET</p>",
    "<style>.s{display:none}input:not(:disabled)+.s{display:block}</style><input disabled><p class=s>SECRET</p>",
    // Colors, and shapes with nothing in them.
    "<p style='color:#fff;background:none#fff'>SECRET</p>",
    "<p style='color:light-dark(transparent,transparent)'>SECRET</p>",
    "<p style='color:oklch(1 0 0);background:#fff'>SECRET</p>",
    "<p style='color:color(srgb 1 1 1);background:#fff'>SECRET</p>",
    "<p style='color:color-mix(in srgb,transparent 99%,red)'>SECRET</p>",
    "<p style='color:transparent;background:none;background-clip:text'>SECRET</p>",
    "<p style='clip-path:xywh(0 0 0 0)'>SECRET</p>",
    "<p style='clip-path:inset(9999px)'>SECRET</p>",
    "<p style='display:none;display:calc(1)'>SECRET</p>",
    "<p style='display:none;display:var(x)'>SECRET</p>",
    "<p style='visibility:hidden;visibility:max(1px,2px)'>SECRET</p>",
    "<p style='color:transparent;color:calc(1)'>SECRET</p>",
    "<p style='opacity:0;opacity:calc(1px)'>SECRET</p>",
    "<p style='font-size:0;font-size:calc(red)'>SECRET</p>",
    "<p style='font-size:0;font-size:12 px'>SECRET</p>",
    "<p style='display:none;display:block\\20'>SECRET</p>",
    "<p style='display:none;display:block\\!important'>SECRET</p>",
    "<p style='translate:0-9999px'>SECRET</p>",
    "<p style='margin:0 0 0/**/-9999px'>SECRET</p>",
    "<p style='position:absolute;left:-1e39px'>SECRET</p>",
    "<p style='margin-left:-9999px;margin:0 x 0 0'>SECRET</p>",
    "<p style='margin-left:-9999px;margin:0 0 0 0 0'>SECRET</p>",
    "<p style='margin-left:-9999px;margin:0 inherit'>SECRET</p>",
    "<p style='position:absolute;left:-9999px;inset:0 0 0 x'>SECRET</p>",
    "<p style='color:transparent;-webkit-text-fill-color:currentcolor'>SECRET</p>",
    "<p style='color:transparent;-webkit-text-fill-color:inherit'>SECRET</p>",
    "<p style='display:table-column'>SECRET</p>",
    "<p style='display:table-column-group'>SECRET</p>",
    "<p style='clip-path:inset(50%);clip-path:circle(x)'>SECRET</p>",
    "<p style='clip-path:inset(50%);clip-path:polygon(1px)'>SECRET</p>",
    "<p style='clip:rect(0,0,0,0);clip:rect(a)'>SECRET</p>",
    "<p style='clip:rect(5px,9px,5px,0)'>SECRET</p>",
    "<p style='transform:scale(0);transform:scale(1px)'>SECRET</p>",
    "<p style='transform:scale(0);transform:scale(1,2,3)'>SECRET</p>",
    "<p style='transform:scale(0);transform:rotate(5)'>SECRET</p>",
    "<p style='filter:opacity(0);filter:blur(5)'>SECRET</p>",
    "<p style='color:transparent;color:color-mix(x)'>SECRET</p>",
    "<p style='color:transparent;color:color(1 2 3)'>SECRET</p>",
    "<p style='color:transparent;color:rgb(1,2,3,4,5)'>SECRET</p>",
    "<p style='color:transparent;color:rgb(1 2 3 4)'>SECRET</p>",
    "<p style='color:transparent;color:hsl(1,2,3)'>SECRET</p>",
    "<p style='transform:matrix(0,0,0,0,0,0)'>SECRET</p>",
    "<p style='transform:rotateX(90deg)'>SECRET</p>",
    "<p style='transform:rotateY(.75turn)'>SECRET</p>",
    "<p style='transform:scale(calc(0))'>SECRET</p>",
    "<p style='color:rgb(from #fff r g b/0)'>SECRET</p>",
    "<p style='color:color-mix(in srgb,transparent 50%,#0000)'>SECRET</p>",
    "<p style='text-indent:-100dvw'>SECRET</p>",
    "<p style='position:absolute;left:-100cqi'>SECRET</p>",
    "<p style='height:0;min-height:0;overflow:hidden'>SECRET</p>",
    "<p style='flex:none;height:0;overflow:hidden'>SECRET</p>",
    "<style>.s{display:none!important}.s{display:block}</style><p class=s>SECRET</p>",
    "<style>p.s{display:none!important}.s{display:block}</style><p class=s>SECRET</p>",
    "<style>.s{opacity:0!important}.s{opacity:1}</style><p class=s>SECRET</p>",
    "<style>.s{display:none}.s{opacity:1;color:red}</style><p class=s>SECRET</p>",
    "<style>.s{display:none}.s{display:calc(1)}</style><p class=s>SECRET</p>",
    "<style>.s{height:0;overflow:hidden}.s{width:9px}</style><p class=s>SECRET</p>",
    "<style>.s{-webkit-text-fill-color:transparent}.s{color:red}</style><p class=s>SECRET</p>",
    "<style>.x{display:block}.s{display:none}</style><p class='x s'>SECRET</p>",
    "<style>#s{display:none}.x{display:block}</style><p class=x id=s>SECRET</p>",
    "<style>p.s{display:none}p{display:block}</style><p class=s>SECRET</p>",
    "<style>.s{display:none!important}</style><p class=s style='display:block'>SECRET</p>",
    "<style>.s{display:none}</style><noscript><style>.s{display:block}</style></noscript><p class=s>SECRET</p>",
    "<style>.s{display:none}</style><style type=text/x>.s{display:block}</style><p class=s>SECRET</p>",
    "<style>.md\\:s{display:none}</style><p class=md:s>SECRET</p>",
    "<style>p:not(.a,.b),.s{display:none}</style><p class=s>SECRET</p>",
    "<style>.s{display:none}</style><form><p class=s>SECRET</p></form>",
    // Of two declarations that hide together one is important, or is said again.
    "<style>.s{height:0!important;overflow:hidden}</style><p class=s>SECRET</p>",
    "<style>p.s{position:absolute;left:-9999px!important}</style><p class=s>SECRET</p>",
    "<style>.s{position:absolute;left:-9999px}.s{left:-9999px}</style><p class=s>SECRET</p>",
    "<style>.s{height:0;overflow:hidden}</style><p class=s style='height:0'>SECRET</p>",
    "<style>.s{display:none}</style><p class=s style='display:revert-layer'>SECRET</p>",
    // It is shown beside it, at times, or elsewhere.
    "<style>.s{display:none}.c::after{display:table}</style><p class='s c'>SECRET</p>",
    "<style>.s{display:none}.c:before{display:table}</style><p class='s c'>SECRET</p>",
    "<style>.s{display:none}.x:hover{display:block}</style><p class='s x'>SECRET</p>",
    "<style>.s{display:none}.y .x{display:block}</style><p class='s x'>SECRET</p>",
    // That is no room, and no place.
    "<p style='height:0;overflow:hidden;min-height:inherit'>SECRET</p>",
    "<p style='height:0;overflow:hidden;min-height:1%'>SECRET</p>",
    "<p style='height:0;overflow:hidden;flex:1'>SECRET</p>",
    "<p style='left:1%;margin-left:-1999px'>SECRET</p>",
    "<p style='position:absolute;left:1%;max-width:9999px;margin-left:-9999px'>SECRET</p>",
    "<p style='position:absolute;left:50%;width:9999px;margin-left:-9999px'>SECRET</p>",
    "<style>p.s{display:none}.y p{display:block}</style><p class=s>SECRET</p>",
    "<style>p.s{opacity:0}p:hover{opacity:1}</style><p class=s>SECRET</p>",
    "<style>p.s{display:none}.s:hover .m{display:block}</style><p class=s>SECRET</p>",
];

#[test]
fn text_that_a_browser_hides_is_dropped() {
    HIDDEN.into_iter().for_each(is_dropped);
}

#[test]
fn what_is_hidden_is_shown_by_nothing_that_does_not_rule() {
    HIDDEN_STILL.into_iter().for_each(is_dropped);
}

/// All of its text is in one.
#[test]
fn a_rule_is_weighed_by_all_text_within_forms_too() {
    let text = markdown(
        "<style>.s{display:none}</style><form><p>The text of a page, which is in a form as all of \
         the page is.</p><p class=s>SECRET</p></form>",
    );
    assert!(
        text.contains("in a form") && !text.contains("SECRET"),
        "{text}"
    );
}

/// However many selectors match nothing, within reason.
#[test]
fn rules_that_are_for_nothing_take_no_others_place() {
    let others = "p.x{display:none}".repeat(10_000);
    is_dropped(&format!(
        "<style>{others}p.s{{display:none}}</style><b class=x></b><p class=s>SECRET</p>"
    ));
}

#[test]
fn text_that_a_browser_shows_stays() {
    for shown in [
        "<p style='display:none;display:block!important'>Shown</p>",
        "<p style='display:none;display:-webkit-box'>Shown</p>",
        "<p style='color:transparent;color:#123'>Shown</p>",
        "<p style='color:#fff8;background:#000'>Shown</p>",
        "<p style='font-size:100%'>Shown</p>",
        "<p style='font-size:1em;font:inherit'>Shown</p>",
        "<p style='font:12px/0 serif'>Shown</p>",
        "<p style='scale:none;transform:scale(.5);filter:opacity(50%)'>Shown</p>",
        "<p class='d-none d-lg-inline-block'>Shown</p>",
        "<p style='width:100%;overflow:hidden'>Shown</p>",
        "<p style='max-height:1em;overflow:hidden'>Shown</p>",
        "<p style='margin-left:calc(-50vw + 50%)'>Shown</p>",
        "<p style='margin-left:-100%;right:600px'>Shown</p>",
        "<p style='transform:scale(0);transform:translate(-50%,calc(1px + 2%)) rotate(3deg)'>Shown</p>",
        "<p style='clip-path:inset(0 10% 20% round 1px);opacity:calc(1)'>Shown</p>",
        "<p style='visibility:hidden;visibility:visible;color:hsl(1 2% 3%)'>Shown</p>",
        "<p style='background:url(\"data:image/png;base64,/*display:none*/\")'>Shown</p>",
        "<style>@media(max-width:9px){.t{display:none}}</style><p class=t>Shown</p><section>Shown</section><section>Shown</section><section>Shown</section>",
        "<style>p.t::before,p.t:hover{display:none}</style><p class=t>Shown</p><section>Shown</section><section>Shown</section><section>Shown</section>",
        "<style>div > p{display:none} div > p:first-child{display:block}</style><section>Shown</section><section>Shown</section><section>Shown</section><div><p>Shown</p></div>",
        "<style>p{display:none} .t{display:block}</style><section>Shown</section><section>Shown</section><section>Shown</section><p class=t>Shown</p>",
        "<body class=loading><style>.loading p{display:none}</style><p>Shown</p><section>Shown</section><section>Shown</section><section>Shown</section>",
        "<p style='visibility:hidden;visibility:var(--x)'>Shown</p>",
        "<p style='font-size:0;font-size:clamp(1rem,2vw + 3px,4rem)'>Shown</p>",
        "<p style='opacity:0;opacity:calc(1 - .2)'>Shown</p>",
        "<p style='margin-left:-9999px;margin:0 calc(1px + 2%)'>Shown</p>",
        "<p style='color:transparent;-webkit-text-fill-color:red'>Shown</p>",
        "<p style='color:transparent;color:rgb(from red r g b / .9)'>Shown</p>",
        "<p style='color:transparent;color:color(display-p3 1 .5 0)'>Shown</p>",
        "<p style='filter:opacity(0);filter:blur() drop-shadow(1px 2px red)'>Shown</p>",
        "<p style='clip-path:inset(50%);clip-path:circle(50% at 1px 2px)'>Shown</p>",
        "<p style='transform:matrix(1,0,0,1,0,0) rotateX(180deg)'>Shown</p>",
        "<p style='flex:1;height:0;overflow:auto'>Shown</p>",
        "<p style='height:0;min-height:100%;overflow:hidden'>Shown</p>",
        "<p style='width:5%;overflow:hidden'>Shown</p>",
        "<p style='transform:translate3d(-1200px,0,0)'>Shown</p>",
        "<p style='transform:translate3d(-50%,-100%,0)'>Shown</p>",
        "<style>.x p{display:none}.x p:first-child{display:block}</style><div class=x><p>Shown</p></div><section>Shown</section>",
        "<p style='position:absolute;left:50%;width:1200px;margin-left:-600px'>Shown</p>",
        "<p style='text-indent:-50mm'>Shown</p>",
        "<p style='color:transparent;background:linear-gradient(red,blue);background-clip:text'>Shown</p>",
        "<p style='color:transparent;background-image:linear-gradient(red,blue);-webkit-background-clip:text'>Shown</p>",
        "<p style='color:transparent;background:red;-webkit-background-clip:text'>Shown</p>",
        "<p style='color:light-dark(#000,transparent);clip-path:xywh(0 0 100% 100%)'>Shown</p>",
        "<p style='color:oklch(.2 0 0);background:#fff;clip-path:inset(20px)'>Shown</p>",
        // What the whole page is, scripts change.
        "<style>html:not(.js) .t{display:none}body[data-x] .t{display:none}:not(.js)>.t{display:none}</style><p class=t>Shown</p><section>Shown</section><section>Shown</section>",
        "<style>:is(:x){display:none}.t:is(){display:none}.t:not(:x){display:none}|p{display:none}x|p{display:none}</style><p class=t>Shown</p><section>Shown</section><section>Shown</section>",
        // What it says of itself is what it is.
        "<style>.t{opacity:0}.t{opacity:1}</style><p class=t>Shown</p><section>Shown</section><section>Shown</section>",
        "<style>.t{visibility:hidden}.t{visibility:visible}</style><p class=t>Shown</p><section>Shown</section><section>Shown</section>",
        "<style>.t{font-size:0}.t{font-size:16px}</style><p class=t>Shown</p><section>Shown</section><section>Shown</section>",
        "<style>.t{opacity:0;animation:x 1s}</style><p class=t>Shown</p><section>Shown</section><section>Shown</section>",
        "<style>p:not(.a,.t,.b){display:none}</style><p class=t>Shown</p><section>Shown</section><section>Shown</section>",
        "<style>.hidden{display:none}@media(min-width:9px){.md\\:block{display:block}}</style><p class='hidden md:block'>Shown</p><section>Shown</section><section>Shown</section>",
        "<style>.t{display:none}.on{display:block}</style><p class='t on'>Shown</p><section>Shown</section><section>Shown</section>",
        "<style>.t{display:none}</style><p class=t style='display:block'>Shown</p><section>Shown</section><section>Shown</section>",
        "<noscript><style>.t{display:none}</style></noscript><p class=t>Shown</p><section>Shown</section><section>Shown</section>",
        "<style type=text/less>.t{display:none}</style><p class=t>Shown</p><section>Shown</section><section>Shown</section>",
        "<style>.t{display:none}.t.on{display:block}</style><p class='t on'>Shown</p><section>Shown</section><section>Shown</section><section>Shown</section>",
        "<style>.t{display:none}.x .t{display:block}</style><div class=x><p class=t>Shown</p></div><section>Shown</section><section>Shown</section><section>Shown</section>",
        "<style>.t{display:none}.x>p{display:block}</style><div class=x><p class=t>Shown</p></div><section>Shown</section><section>Shown</section><section>Shown</section>",
        // Scripts reveal it, or the window does.
        "<style>.t{display:none}.t.on{display:block}</style><p>Shown</p><p class='t on'>Shown</p>",
        "<style>.t{display:none}@media(min-width:9px){.t{display:block}}</style><p>Shown</p><p class=t>Shown</p>",
        "<style>.page{display:none}</style><div class=page><p>Shown</p></div>",
        "<style>.a{opacity:0}.page{opacity:0}</style><div class=a><div class=page><p>Shown</p></div></div>",
    ] {
        let text = markdown(shown);
        let expected = vec!["Shown"; shown.matches("Shown").count()].join("\n\n");
        assert_eq!(text, expected, "{shown}");
    }
}

/// What is in scripts is no text of the page.
#[test]
fn a_page_that_waits_for_a_script_is_shown_however_long_its_scripts_are() {
    let script = format!("<script>{}</script>", "words ".repeat(1_000));
    for hiding in ["opacity:0", "display:none"] {
        let text = markdown(&format!(
            "<style>.page{{{hiding}}}</style>{script}<div class=page><p>Shown</p></div>"
        ));
        assert_eq!(text, "Shown", "{hiding}");
    }
}

/// One rule that a script takes back does not free what others hide, and what is removed is seen by
/// nobody, be it most of the text.
#[test]
fn each_rule_of_a_sheet_is_weighed_by_itself() {
    let revealed = format!(
        "<style>.page{{opacity:0}} .s{{visibility:hidden}}</style>\
         <div class=page><p class=s>SECRET</p>{}</div>",
        super::PARAGRAPH
    );
    let removed = format!(
        "<style>.s{{display:none}}</style><p>A quick brown fox.</p><p class=s>{}</p>",
        "SECRET ".repeat(10)
    );
    for body in [revealed, removed] {
        let text = markdown(&body);
        assert!(text.contains("quick brown fox"), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
    }
}

#[test]
fn a_title_says_nothing_unseen() {
    let body = "<title>A\u{200b} ti\u{e0041}tle\u{fe00}\u{fe01}</title><p>x</p>";
    let reading = viewed(&page("text/html", body), &View::default()).unwrap();
    assert_eq!(reading.title.as_deref(), Some("A title\u{fe00}"));
    let (text, _) = read(
        &page(
            "text/html",
            "<meta name=author content='A\u{e0041}. Per\u{200b}son'><title>T</title>",
        ),
        Format::Metadata,
    )
    .unwrap();
    assert!(text.contains("Author: A. Person"), "{text}");
}

#[test]
fn what_a_feed_has_as_text_is_text() {
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"A <b> & C","items":[
        {"title":"Use Vec<T> & <details>","content_text":"if a<b && c>d"},
        {"title":"H","content_html":"<p>x &amp; <b>y</b></p>"},{"title":"S","summary":"<i>"}]}"#;
    let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><title>A &lt;b> &amp; C</title>\
        <entry><title>Use Vec&lt;T> &amp; &lt;details></title>\
        <content type='text'>if a&lt;b &amp;&amp; c>d</content></entry>\
        <entry><title type='html'>H</title><content type='html'>&lt;p>x &amp;amp; &lt;b>y&lt;/b></content></entry>\
        <entry><title type='xhtml'><div>S</div></title><summary type='xhtml'><div>&lt;i></div></summary></entry>\
        </feed>";
    let expected = "# A <b> & C\n\n## Use Vec<T> & <details>\n\nif a<b && c>d\n\n\
        ## H\n\nx & **y**\n\n## S\n\n";
    for (content_type, body) in [
        ("application/feed+json", json),
        ("application/atom+xml", atom),
    ] {
        let (text, _) = read(&page(content_type, body), Format::Markdown).unwrap();
        assert!(text.starts_with(expected), "{content_type}: {text}");
        let rest = text.get(expected.len()..).unwrap();
        assert!(matches!(rest, "<i>" | "\\<i>"), "{rest}");
    }
}
