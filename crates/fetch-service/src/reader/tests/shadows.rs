//! What is shown in the place of an element's children, and what becomes of these.

use super::{Form, html, is_dropped, markdown};

#[test]
fn the_template_of_a_shadow_is_shown_and_what_has_no_slot_is_not() {
    for mode in ["open", "closed", "OPEN"] {
        let text = markdown(&format!(
            "<div><template shadowrootmode={mode}><p>Visible</p></template><p>SECRET</p></div>"
        ));
        assert_eq!(text, "Visible", "{mode}");
    }
    for (page, expected) in [
        (
            "<my-card><template shadowrootmode=open><p>A</p><slot name=x></slot><p>B</p><slot><i>SECRET</i>\
             </slot></template><b>in</b><b slot=x>named</b><b slot=y>SECRET</b></my-card>",
            "A\n\n**named**\n\nB\n\n**in**",
        ),
        (
            "<div><template shadowrootmode=open><slot>Instead</slot></template></div>",
            "Instead",
        ),
        (
            "<div><template shadowrootmode=open><p>One</p></template>\
             <template shadowrootmode=open><p>SECRET</p></template></div>",
            "One",
        ),
        (
            "<div><template shadowrootmode=open><p>Outer</p><section><template shadowrootmode=open>\
             <p>Inner</p><slot></slot></template>SECRET<slot></slot></section></template>light</div>",
            "Outer\n\nInner\n\nSECRETlight",
        ),
        (
            "<div><template shadowrootmode=open><p>Visible</p><math><slot></slot></math></template>SECRET</div>",
            "Visible",
        ),
        (
            "<font-face><template shadowrootmode=open>SECRET</template>Shown</font-face>",
            "Shown",
        ),
        // No template of this kind, or of no element that can have one.
        (
            "<div><template shadowrootmode=x>SECRET</template>Shown</div>",
            "Shown",
        ),
        (
            "<ul><template shadowrootmode=open>SECRET</template><li>Shown</ul>",
            "- Shown",
        ),
    ] {
        assert_eq!(markdown(page), expected, "{page}");
    }
}

#[test]
fn a_sheet_in_a_shadow_is_for_that_alone() {
    is_dropped(
        "<style>.s{display:none}</style><div><template shadowrootmode=open>\
         <style>.s{display:block!important}</style><slot></slot></template><p class=s>SECRET</div>",
    );
    is_dropped(
        "<div><template shadowrootmode=open><style>.s{display:none}</style><p class=s>SECRET</p>\
         </template></div>",
    );
    let text = markdown(
        "<style>.t{display:none}</style><p>Beside it</p><p>Beside it</p><div><template \
         shadowrootmode=open><style>p{display:none}</style><b class=t>Shown</b></template></div>",
    );
    assert_eq!(text, "Beside it\n\nBeside it\n\n**Shown**");
}

#[test]
fn a_selector_sees_no_further_than_its_shadow() {
    for page in [
        "<div class=outer><div><template shadowrootmode=open><style>.s{display:none}\
         .outer .s{display:block}</style><p class=s>SECRET</p></template></div></div>",
        "<style>.h>.s{display:none}</style><div class=h><template shadowrootmode=open><p>\
         <slot></slot></p></template><p class=s>SECRET</p></div>",
        "<style>.s{display:none}.x .s{display:block}</style><div><template shadowrootmode=open>\
         <div class=x><slot></slot></div></template><p class=s>SECRET</p></div>",
    ] {
        is_dropped(page);
    }
    let text = markdown(
        "<style>.x>p{display:none}.h>p.t{display:block}</style><p>Beside it</p><p>Beside it</p>\
         <div class='x h'><template shadowrootmode=open><slot></slot></template><p class=t>Shown</p></div>",
    );
    assert!(text.contains("Shown"), "{text}");
}

/// Each is moved from one to the next.
#[test]
fn shadows_within_shadows_cost_no_more_than_the_page() {
    use super::bombs::{Part, grows_with_the_page};
    let nested: Part = ("shadows", |n| {
        let open = "<div><template shadowrootmode=open><div><slot></slot>".repeat(n.min(100));
        let shadows =
            "<div><template shadowrootmode=open><p>x</p></template>y</div>".repeat(10 * n);
        format!("{open}{shadows}{}", "<i>light</i>".repeat(10 * n))
    });
    grows_with_the_page(nested, 50, &[super::Format::Markdown]);
}

/// Each is one level deeper in the page, and a hundred in what is shown of it.
#[test]
fn shadows_make_no_page_deeper_than_it_can_be_read() {
    let (open, close) = ("<b>".repeat(100), "</b>".repeat(100));
    let shadow =
        format!("<div><template shadowrootmode=open>{open}<slot></slot>{close}</template>");
    for (count, form) in [(1, Form::Markdown), (20, Form::Stripped)] {
        let (text, read_as) = html(&format!("{}Light", shadow.repeat(count)));
        assert_eq!(read_as, form, "{count}");
        assert!(text.contains("Light"), "{text}");
    }
}
