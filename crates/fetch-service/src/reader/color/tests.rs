use super::Color;

#[test]
fn colors_are_none_or_the_same() {
    for none in [
        "transparent",
        "#0000",
        "#12345600",
        "rgba(0,0,0,0)",
        "rgb(0 0 0 / 0%)",
        "hsla(0,0%,0%,0)",
        "oklch(0 0 0 / 0)",
        "light-dark(transparent,transparent)",
        "color-mix(in srgb,transparent 99%,red)",
        "color-mix(in srgb,red 1%,#f000)",
        "color-mix(in srgb,red 1%,red 1%)",
    ] {
        assert!(Color::parse(none).unwrap().is_transparent(), "{none}");
    }
    let white = Color::parse("white").unwrap();
    for same in [
        "#fff",
        "#FFFFFF",
        "#fefdfc",
        "rgb(255,255,255)",
        "rgb(100% 100% 100%)",
        "hsl(10, 20%, 100%)",
        "hsl(0.5turn 0 100)",
        "hwb(40 100% 0%)",
        "canvas",
        "oklch(1 0 0)",
        "oklab(100% 0 0)",
        "lab(100 0 0)",
        "lch(100% 0 120deg)",
        "color(srgb 1 1 1)",
        "light-dark(#fff, #000)",
        "color-mix(in srgb, white, #fff)",
        "color-mix(in srgb, #fff 99%, red)",
        "color-mix(in oklab, #fff, #000 0%)",
    ] {
        let same = Color::parse(&same.to_ascii_lowercase()).unwrap();
        assert!(same.is_like(white) && !same.is_transparent(), "{same:?}");
    }
    for (one, other) in [
        ("hsl(120 100% 25%)", "#008000"),
        ("hsl(0.5turn 100% 50%)", "#0ff"),
        ("hwb(240 20% 40%)", "#339"),
        ("hwb(0 60% 60%)", "#808080"),
        ("oklch(0.628 0.2577 29.23)", "#f00"),
        ("oklab(0.8664 -0.2339 0.1795)", "#0f0"),
        ("lab(54.29 80.8 69.89)", "#f00"),
        ("lch(29.57 131.2 301.36)", "#00f"),
        ("color-mix(in srgb, red, blue)", "#800080"),
    ] {
        let [one, other] = [one, other].map(|color| Color::parse(color).unwrap());
        assert!(one.is_like(other), "{one:?} {other:?}");
    }
    for no_color in [
        "whitish",
        "#12",
        "rgb(1,2)",
        "rgb(1,2,3",
        "paint(1,2,3)",
        "hsl(x)",
    ] {
        assert!(Color::parse(no_color).is_none(), "{no_color}");
    }
}
