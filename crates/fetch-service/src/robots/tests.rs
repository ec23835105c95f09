//! The examples of RFC 9309, and what its text asks for besides.

use proptest::prelude::*;

use super::rules::{PARSE_LIMIT, Rules};

/// Asserts for each path whether `agent` may fetch it.
fn judge(robots_txt: &str, agent: &str, paths: &[(&str, bool)]) {
    let rules = Rules::parse(robots_txt.as_bytes(), agent);
    for (path, allowed) in paths {
        let verdict = rules.forbidding(path).is_none();
        assert_eq!(verdict, *allowed, "{agent} at {path} by {robots_txt}");
    }
}

/// Section 5.1.
const SIMPLE: &str = "User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot

EOF
";

#[test]
fn the_simple_example_of_rfc_9309_section_5_1() {
    let everybody = [
        ("/picture.gif", false),
        ("/picture.gif?x", true),
        ("/example/page.html", false),
        ("/publications/", true),
        ("/", true),
    ];
    judge(SIMPLE, "otherbot", &everybody);
    let foo = [
        ("/", false),
        ("/example/page.html", true),
        ("/example/allowed.gif", true),
        ("/robots.txt", true),
    ];
    judge(SIMPLE, "FooBot", &foo);
    for agent in ["barbot", "bazbot"] {
        let bar = [("/example/page.html", false), ("/picture.gif", true)];
        judge(SIMPLE, agent, &bar);
    }
    judge(
        SIMPLE,
        "quxbot",
        &[("/picture.gif", true), ("/example/", true)],
    );
}

#[test]
fn the_longest_match_of_rfc_9309_section_5_2_decides() {
    let robots =
        "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n";
    let paths = [
        ("/example/page/disallowed.gif", false),
        ("/example/page/x", true),
    ];
    judge(robots, "foobot", &paths);
    let alike = "User-agent: *\nDisallow: /page\nAllow: /page\n";
    judge(alike, "foobot", &[("/page", true)]);
}

#[test]
fn groups_for_one_crawler_are_one_group() {
    let robots = "User-agent: a\nDisallow: /one\n\nUser-agent: b\nDisallow: /other\n\n\
                  User-agent: A\nUser-agent: c\nDisallow: /two\n\nUser-agent: *\nDisallow: /\n";
    judge(
        robots,
        "a",
        &[("/one", false), ("/two", false), ("/other", true)],
    );
    judge(robots, "c", &[("/one", true), ("/two", false)]);
    judge(robots, "d", &[("/three", false)]);
}

#[test]
fn the_product_token_is_compared_whole_and_without_case() {
    for (line, own) in [
        ("ExampleBot", true),
        ("examplebot", true),
        ("EXAMPLEBOT/1.2 (anything)", true),
        ("Example", false),
        ("ExampleBots", false),
        ("Example-Bot", false),
        ("* anything", false),
    ] {
        let robots = format!("User-agent: {line}\nDisallow: /x\n");
        judge(&robots, "ExampleBot", &[("/x", !own)]);
    }
}

/// Section 2.2.2, the table of examples, and section 2.2.3.
#[test]
fn escapes_are_brought_to_one_spelling() {
    for (rule, path, matches) in [
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", true),
        (
            "/foo/bar?baz=https://foo.bar",
            "/foo/bar?baz=https%3A%2F%2Ffoo.bar",
            false,
        ),
        ("/foo/bar/\u{30c4}", "/foo/bar/%E3%83%84", true),
        ("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84", true),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz", true),
        ("/foo/bar/baz", "/foo/bar/%62%61%7a", true),
        ("/a%2fb", "/a%2Fb", true),
        ("/a%2fb", "/a/b", false),
        (
            "/path/file-with-a-%2A.html",
            "/path/file-with-a-*.html",
            true,
        ),
        (
            "/path/file-with-a-%2A.html",
            "/path/file-with-a-xx.html",
            false,
        ),
        ("/path/foo-%24", "/path/foo-$", true),
        ("/path/foo-%24", "/path/foo-", false),
        ("/a%", "/a%", true),
        ("/a%zz", "/a%zz", true),
    ] {
        let robots = format!("User-agent: *\nDisallow: {rule}\n");
        judge(&robots, "x", &[(path, !matches)]);
    }
}

#[test]
fn stars_and_ends() {
    for (rule, path, matches) in [
        ("/fish", "/fish.html", true),
        ("/fish", "/Fish", false),
        ("/fish*", "/fish", true),
        ("/fish/", "/fish", false),
        ("/*.php", "/folder/any.php?x", true),
        ("/*.php$", "/folder/any.php?x", false),
        ("/*.php$", "/a.php.php", true),
        ("/*/a/*/b", "/x/a/y/z/b", true),
        ("/*/a/*/b", "/x/a/b", false),
        ("/a**b$", "/a-b", true),
        ("/a*b*$", "/a-b-c", true),
        ("/ab*b$", "/ab", false),
        ("*", "/anything", true),
        ("/$", "/", true),
        ("/$", "/x", false),
        ("/a$b", "/a$b", true),
        ("", "/", false),
        ("fish", "/fish", false),
        ("$", "/", false),
    ] {
        let robots = format!("User-agent: *\nDisallow: {rule}\n");
        judge(&robots, "x", &[(path, !matches)]);
    }
}

#[test]
fn what_is_around_the_rules_does_not_disturb_them() {
    let robots = "\u{feff}# a comment\r\n \tUSER-AGENT \t:  a  # who\r\n\r\nSitemap: https://x/\r\n\
                  \r\nuser-agent: b\r\nCrawl-delay: 3\r\ndisallow: /x # why\r\nno colon\r\n\
                  \u{fffd}: y\rDisallow: /y";
    for agent in ["a", "b"] {
        judge(robots, agent, &[("/x", false), ("/y", false), ("/z", true)]);
    }
    // Rules before the first group belong to nobody.
    judge(
        "Disallow: /\nUser-agent: *\nAllow: /x\n",
        "a",
        &[("/", true)],
    );
    judge("", "a", &[("/", true)]);
    judge("<html><p>No: such file</html>", "a", &[("/", true)]);
}

#[test]
fn the_first_500_kib_count_and_the_rest_does_not() {
    let head = "User-agent: *\nDisallow: /first\n";
    let filler = "#".repeat(PARSE_LIMIT - head.len() - 1) + "\n";
    let robots = format!("{head}{filler}Disallow: /after\n");
    judge(&robots, "a", &[("/first", false), ("/after", true)]);
    let robots = format!("{head}{}Disallow: /within\n", filler.get(40..).unwrap());
    judge(&robots, "a", &[("/within", false)]);
}

#[test]
fn the_rule_that_forbids_is_named() {
    let rules = Rules::parse(b"User-agent: *\nDisallow: /private/*.html$\n", "a");
    let rule = rules.forbidding("/private/x.html").unwrap();
    assert_eq!(rule.to_string(), "Disallow: /private/*.html$");
}

#[test]
fn a_site_cannot_say_much_by_a_rule() {
    let robots = format!("User-agent: *\nDisallow: /{}x\n", "*".repeat(100_000));
    let rules = Rules::parse(robots.as_bytes(), "a");
    let told = rules.forbidding("/x").unwrap().to_string();
    assert_eq!(told, format!("Disallow: /{}…", "*".repeat(99)));
}

/// What the text of RFC 9309 says, without a thought for time: every way to take each star.
fn matches_by_definition(pattern: &[u8], path: &[u8]) -> bool {
    match pattern.split_first() {
        None => true,
        Some((b'$', [])) => path.is_empty(),
        Some((b'*', rest)) => {
            (0..=path.len()).any(|skipped| matches_by_definition(rest, &path[skipped..]))
        }
        Some((byte, rest)) => path
            .split_first()
            .is_some_and(|(first, path)| first == byte && matches_by_definition(rest, path)),
    }
}

proptest! {
    #[test]
    fn patterns_match_as_defined(pattern in "[/*][ab/*]{0,8}\\$?", path in "/[ab/]{0,10}") {
        let robots = format!("User-agent: *\nDisallow: {pattern}\n");
        let forbidden = Rules::parse(robots.as_bytes(), "a").forbidding(&path).is_some();
        prop_assert_eq!(forbidden, matches_by_definition(pattern.as_bytes(), path.as_bytes()));
    }

    #[test]
    fn any_bytes_are_a_robots_txt(bytes: Vec<u8>, path in "/.{0,20}") {
        let _ = Rules::parse(&bytes, "mcp-fetch").forbidding(&path);
    }
}
