//! Every page renders, escapes what it is given, and keeps to the content security policy.

use askama::Template;

use super::*;
use token_core::Timestamp;

const HOSTILE: &str = r#""><script>alert('x')</script><img src=x onerror="y">&amp;"#;

fn hostile() -> String {
    HOSTILE.to_owned()
}

fn name(text: &str) -> ClaimedName {
    ClaimedName::new(Some(text))
}

fn consent(text: &str) -> ConsentPage {
    ConsentPage {
        client_name: name(text),
        name_from: Some(text.to_owned()),
        return_to: ReturnTo::Host(text.to_owned()),
        redirect_uri: Some(text.to_owned()),
        service_name: text.to_owned(),
        service_url: text.to_owned(),
        scopes: vec![ScopeInWords {
            name: text.to_owned(),
            words: text.to_owned(),
        }],
        sign_in: SignInWith::GitHub,
        request: text.to_owned(),
    }
}

fn account(text: &str) -> AccountPage {
    let (at, now) = (Timestamp(1_800_000_000), Timestamp(1_800_007_200));
    AccountPage {
        username: text.to_owned(),
        sign_in: SignInWith::GitHub,
        apps: vec![ConnectedApp {
            client_name: name(text),
            name_from: Some(text.to_owned()),
            connections: vec![Connection {
                service_name: text.to_owned(),
                service_url: text.to_owned(),
                scopes: vec![ScopeInWords {
                    name: text.to_owned(),
                    words: text.to_owned(),
                }],
                since: Some(Moment { at, now }),
                last_used: Some(Moment { at, now }),
                until: Some(Moment { at: now, now: at }),
                renews: true,
                grant: text.to_owned(),
            }],
        }],
        ended: Some(2),
        ticket: text.to_owned(),
        minutes: 15,
    }
}

fn error(trouble: Trouble) -> ErrorPage {
    ErrorPage {
        trouble,
        reference: Some(hostile()),
        return_link: None,
    }
}

/// Every page and every branch of it, filled with hostile text.
fn hostile_pages() -> Vec<String> {
    let mut pages = vec![
        consent(HOSTILE).render(),
        ConsentPage {
            return_to: ReturnTo::ThisComputer { host: hostile() },
            ..consent(HOSTILE)
        }
        .render(),
        ConsentPage {
            return_to: ReturnTo::App { scheme: hostile() },
            ..consent(HOSTILE)
        }
        .render(),
        SignInPage {
            purpose: SignInFor::Approved {
                client_name: name(HOSTILE),
                service_name: hostile(),
            },
            state: hostile(),
            attempts_left: Some(2),
        }
        .render(),
        DevicePage {
            user_code: hostile(),
            unknown: true,
        }
        .render(),
        account(HOSTILE).render(),
        AccountSignInPage {
            sign_in: SignInWith::GitHub,
            ticket: hostile(),
        }
        .render(),
        SuccessPage {
            code: Some(CodeToCopy {
                code: hostile(),
                client_name: name(HOSTILE),
                valid_minutes: 10,
            }),
        }
        .render(),
        ErrorPage {
            return_link: Some(ReturnLink {
                client_name: name(HOSTILE),
                href: hostile(),
            }),
            ..error(Trouble::Expired)
        }
        .render(),
        IndexPage {
            services: vec![ServiceEntry {
                name: hostile(),
                url: hostile(),
            }],
            sign_in: SignInWith::Local,
        }
        .render(),
    ];
    let troubles = [
        Trouble::RedirectNotRegistered {
            client_name: name(HOSTILE),
        },
        Trouble::BadRequest { reason: hostile() },
        Trouble::NotAdmitted { login: hostile() },
    ];
    pages.extend(troubles.map(|trouble| error(trouble).render()));
    pages
        .into_iter()
        .map(|page| page.expect("the page renders"))
        .collect()
}

#[test]
fn hostile_text_is_escaped_on_every_page() {
    for page in hostile_pages() {
        assert!(
            page.contains("&#60;script&#62;alert(&#39;x&#39;)"),
            "{page}"
        );
        assert!(page.contains("onerror=&#34;y&#34;&#62;&#38;amp;"), "{page}");
        for raw in ["<script", "<img", "\"y\""] {
            assert!(!page.contains(raw), "{raw} in {page}");
        }
    }
}

#[test]
fn no_page_needs_more_than_the_content_security_policy_allows() {
    for page in hostile_pages() {
        for forbidden in [
            "<style",
            " style=",
            "<script",
            "javascript:",
            "http://",
            "https://",
        ] {
            assert!(!page.contains(forbidden), "{forbidden} in {page}");
        }
    }
    for forbidden in ["@import", "url("] {
        assert!(!GATEWAY_CSS.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn every_page_names_its_language_and_has_one_main_and_one_heading() {
    for page in hostile_pages() {
        for once in ["<html lang=\"en\">", "<title>", "<main>", "<h1>"] {
            assert_eq!(page.matches(once).count(), 1, "{once} in {page}");
        }
    }
}

#[test]
fn consent_posts_the_request_and_a_decision() {
    let page = ConsentPage {
        request: "r-123".to_owned(),
        ..consent("App")
    }
    .render()
    .unwrap();
    for part in [
        r#"<form id="consent" action="/consent" method="post""#,
        r#"<input type="hidden" name="request" value="r-123">"#,
        r#"<button name="decision" value="approve" "#,
        r#"<button name="decision" value="refuse" "#,
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn consent_says_where_the_answer_goes() {
    let page = |return_to| {
        ConsentPage {
            return_to,
            ..consent("App")
        }
        .render()
        .unwrap()
    };

    let web = page(ReturnTo::Host("app.example".to_owned()));
    assert!(web.contains("app.example") && !web.contains("class=\"caution\""));

    let here = page(ReturnTo::ThisComputer {
        host: "localhost:3118".to_owned(),
    });
    assert!(here.contains("localhost:3118") && here.contains("That is this computer."));

    let app = page(ReturnTo::App {
        scheme: "cursor".to_owned(),
    });
    assert!(app.contains("cursor://") && app.contains("That is an app on this device:"));
}

#[test]
fn consent_says_who_asks_for_the_sign_in() {
    let page = |sign_in| {
        ConsentPage {
            sign_in,
            ..consent("App")
        }
        .render()
        .unwrap()
    };
    assert!(page(SignInWith::GitHub).contains("public profile"));
    assert!(page(SignInWith::Local).contains("passphrase"));
}

#[test]
fn sign_in_posts_state_and_passphrase_and_tells_of_a_wrong_one() {
    let page = |attempts_left| {
        SignInPage {
            purpose: SignInFor::Approved {
                client_name: name("App"),
                service_name: "fetch".to_owned(),
            },
            state: "s-123".to_owned(),
            attempts_left,
        }
        .render()
        .unwrap()
    };
    let first = page(None);
    for part in [
        r#"<form id="sign-in" action="/sign-in" method="post">"#,
        r#"<input type="hidden" name="state" value="s-123">"#,
        r#"<label for="passphrase">"#,
        r#"autocomplete="current-password""#,
        r#"required autofocus aria-describedby="passphrase-help">"#,
    ] {
        assert!(first.contains(part), "{part} in {first}");
    }
    assert!(!first.contains("passphrase-error"));

    assert!(page(Some(1)).contains("One attempt is left."));
    let again = page(Some(3));
    assert!(again.contains("3 attempts are left."));
    assert!(again.contains(r#"aria-invalid="true" aria-describedby="passphrase-error"#));
}

#[test]
fn success_shows_the_code_or_says_that_there_is_none() {
    let code = CodeToCopy {
        code: "c-123".to_owned(),
        client_name: name("App"),
        valid_minutes: 1,
    };
    let page = SuccessPage { code: Some(code) }.render().unwrap();
    assert!(page.contains(">c-123</textarea>") && page.contains("for 1 minute."));

    let empty = SuccessPage { code: None }.render().unwrap();
    assert!(empty.contains("Nothing to show") && !empty.contains("<textarea"));
}

#[test]
fn an_error_has_its_words_its_reference_and_a_way_back_where_there_is_one() {
    let link = ReturnLink {
        client_name: name("App"),
        href: "cursor://cb?error=x&state=1".into(),
    };
    let page = ErrorPage {
        trouble: Trouble::NotAdmitted {
            login: "octocat".to_owned(),
        },
        reference: Some("K7QM-2XWD".to_owned()),
        return_link: Some(link),
    };
    let shown = page.render().unwrap();
    for part in ["This account is not admitted", "“octocat”", ">K7QM-2XWD<"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(
        shown.contains(r#"href="cursor://cb?error=x&#38;state=1""#),
        "{shown}"
    );
    assert!(
        !ErrorPage {
            return_link: None,
            ..page
        }
        .render()
        .unwrap()
        .contains("Return to")
    );
}

#[test]
fn a_scope_without_words_of_ours_is_still_named() {
    let page = ConsentPage {
        scopes: vec![ScopeInWords::of("files:read")],
        ..consent("App")
    };
    assert!(page.render().unwrap().contains("files:read"));
}
