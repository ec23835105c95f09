use super::Declarations;

#[test]
fn what_browsers_take_rules() {
    for (style, expected) in [
        ("display:none", "none"),
        ("DISPLAY : None /* x */", "none"),
        ("display:n\\6fne", "none"),
        ("d\\69splay:none", "none"),
        ("display:none!important;display:block", "none"),
        ("display:none ! important;display:block", "none"),
        ("display:none;display:block!important", "block"),
        ("display:none;display:block", "block"),
        ("display:none;display:x", "none"),
        ("display:none;display:", "none"),
        ("display:none;display:block block2", "none"),
        ("display:none;display:block block", "none"),
        ("display:none;display:inline none", "none"),
        ("display:none;display:inline flow-root", "inline flow-root"),
        ("--x:\"/*\";display:none", "none"),
        ("display:none;--x:\";display:block;\"", "none"),
        ("--x:{display:block};display:none", "none"),
        ("color:red;.b{display:block}display:none", "none"),
        (";;display:none;;", "none"),
    ] {
        let declarations = Declarations::parse(style);
        assert_eq!(declarations.value("display"), Some(expected), "{style}");
    }
}

#[test]
fn the_size_within_font_is_one_of_its_own() {
    for (style, expected) in [
        ("font:0/0 a", Some("0")),
        ("font:italic 700 12px/1.5 serif", Some("12px")),
        ("font-size:0;font:inherit", Some("0")),
        ("font-size:0;font:12px", Some("0")),
        ("font:0/0 a;font-size:12px", Some("12px")),
        ("font:caption", None),
    ] {
        let declarations = Declarations::parse(style);
        assert_eq!(declarations.value("font-size"), expected, "{style}");
    }
}

#[test]
fn no_more_is_kept_than_is_looked_at() {
    let unknown = "x:y;margin-right:1px;".repeat(1_000);
    let again = "display:none;opacity:0!important;opacity:1;".repeat(1_000);
    let all = Declarations::parse(&format!("{unknown}{again}"));
    assert_eq!(all.iter().count(), 2);
    let long = format!("opacity:0;opacity:{}1", "calc(1) ".repeat(100_000));
    assert_eq!(Declarations::parse(&long).value("opacity"), Some("0"));
}

#[test]
fn no_depth_is_too_great() {
    let deep = format!("width:{}", "calc(".repeat(100_000));
    Declarations::parse(&deep);
    Declarations::parse(&"{".repeat(100_000));
    Declarations::parse(&"a{}".repeat(100_000));
}
