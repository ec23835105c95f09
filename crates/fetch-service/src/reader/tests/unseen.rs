//! What is for browsers that know an element not is no text, wherever it is.

use super::{is_dropped, markdown};

#[test]
fn what_stands_in_for_an_element_is_no_code() {
    for hidden in [
        "<canvas>SECRET</canvas>",
        "<video>SECRET</video>",
        "<audio>SECRET</audio>",
        "<object data=x.png>SECRET</object>",
        "<datalist><option>SECRET</option></datalist>",
        "<iframe>SECRET</iframe>",
        "<title>SECRET</title>",
        "<svg><title>SECRET</title></svg>",
    ] {
        for name in ["code", "kbd", "samp", "tt", "pre", "sup", "p", "td"] {
            is_dropped(&format!("<p>See</p><{name}>x {hidden}</{name}>"));
        }
    }
    let text =
        markdown("<p>See <code>a<canvas>SECRET</canvas>b</code> <sup>2<video>3</video></sup></p>");
    assert_eq!(text, "See `ab` ^2");
}
