//! Pages from memory: RFC 9111 for new uses, one answer for all parts of a reading.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use token_core::Seconds;
use token_core::assertion::Identity;

use crate::support::{Service, Site, person, somebody_else};

/// A page that counts how often it was made.
fn numbered(headers: &'static [(&'static str, &'static str)]) -> Site {
    Site::answering(move |request, before| {
        if request.path() == "/robots.txt" {
            return HttpResponse::NotFound().finish();
        }
        let mut response = HttpResponse::Ok();
        response.content_type("text/plain");
        for header in headers {
            response.append_header(*header);
        }
        response.body(format!("edition {before} of {}", "a long page ".repeat(20)))
    })
}

/// The text that is shown to `who` from `start` on.
async fn read(service: &Service, who: &Identity, url: &str, start: usize) -> String {
    let arguments = json!({ "url": url, "start_index": start, "max_length": 11 });
    let (is_error, answer) = service.fetch_as(who, arguments).await;
    assert!(!is_error, "{answer}");
    let (_, shown) = answer.split_once("<untrusted-web-content>\n").unwrap();
    shown.split_once("\n</untrusted").unwrap().0.to_owned()
}

#[actix_web::test]
async fn a_page_is_given_again_for_as_long_as_it_says() {
    let site = numbered(&[("Cache-Control", "max-age=60")]);
    let service = Service::opened_to(&site.url);
    for who in [person(), somebody_else()] {
        assert_eq!(read(&service, &who, &site.url, 0).await, "edition 0 o");
    }
    // A fragment is not asked for.
    let elsewhere = format!("{}/#part", site.url);
    assert_eq!(
        read(&service, &person(), &elsewhere, 0).await,
        "edition 0 o"
    );
    service.clock.advance(Seconds(60));
    assert_eq!(read(&service, &person(), &site.url, 0).await, "edition 1 o");
    assert_eq!(site.asked("/"), 2);
}

#[actix_web::test]
async fn what_is_private_is_kept_for_one_person_alone() {
    let site = numbered(&[("Cache-Control", "private, max-age=60")]);
    let service = Service::opened_to(&site.url);
    for _ in 0..2 {
        assert_eq!(read(&service, &person(), &site.url, 0).await, "edition 0 o");
    }
    for start in [0, 0, 8] {
        let shown = read(&service, &somebody_else(), &site.url, start).await;
        assert!(shown.contains('1'), "{shown}");
    }
    assert_eq!(read(&service, &person(), &site.url, 0).await, "edition 0 o");
    assert_eq!(site.asked("/"), 2);
}

#[actix_web::test]
async fn a_reading_goes_on_from_one_answer_whatever_may_be_kept() {
    for control in ["no-store", "private, no-cache", "max-age=0", "public"] {
        let headers = vec![("Cache-Control", control)].leak();
        let site = numbered(headers);
        let service = Service::opened_to(&site.url);
        assert_eq!(read(&service, &person(), &site.url, 0).await, "edition 0 o");
        for _ in 0..2 {
            assert_eq!(read(&service, &person(), &site.url, 8).await, "0 of a long");
        }
        // Another person's reading is another, and so is a new one of the same person.
        assert_eq!(
            read(&service, &somebody_else(), &site.url, 8).await,
            "1 of a long"
        );
        assert_eq!(read(&service, &person(), &site.url, 0).await, "edition 2 o");
        assert_eq!(read(&service, &person(), &site.url, 8).await, "2 of a long");
        // It lasts ten minutes from its last part on.
        for _ in 0..2 {
            service.clock.advance(Seconds(599));
            assert_eq!(read(&service, &person(), &site.url, 8).await, "2 of a long");
        }
        service.clock.advance(Seconds(600));
        assert_eq!(read(&service, &person(), &site.url, 8).await, "3 of a long");
        assert_eq!(site.asked("/"), 4, "{control}");
    }
}

#[actix_web::test]
async fn what_has_not_changed_is_not_sent_again() {
    let site = Site::answering(|request, before| {
        let known = request.headers().get("if-none-match");
        let known = known.and_then(|etag| etag.to_str().ok());
        let tag = if before < 3 { "\"v1\"" } else { "\"v2\"" };
        if known == Some(tag) {
            return HttpResponse::NotModified()
                .insert_header(("ETag", tag))
                .insert_header(("Cache-Control", "max-age=60"))
                .finish();
        }
        HttpResponse::Ok()
            .content_type("text/plain")
            .insert_header(("ETag", tag))
            .insert_header(("Cache-Control", "max-age=10"))
            .body(format!("made at {before}"))
    });
    let settings = [("FETCH_ROBOTS", "ignore")];
    let service = Service::opened_with(&site.url, &settings);
    for (after, shown, asked) in [
        (0, "made at 0", 1),
        (9, "made at 0", 1),
        (1, "made at 0", 2),
        // The confirmation said: a minute.
        (59, "made at 0", 2),
        (1, "made at 0", 3),
        (60, "made at 3", 4),
        (10, "made at 3", 5),
    ] {
        service.clock.advance(Seconds(after));
        assert_eq!(read(&service, &person(), &site.url, 0).await, shown);
        assert_eq!(site.asked("/"), asked);
    }
}

#[actix_web::test]
async fn a_redirect_is_followed_again_unless_it_may_be_kept() {
    for (status, control, asked) in [
        (302, None, 2),
        (301, None, 2),
        (302, Some("max-age=60"), 1),
        (301, Some("max-age=60"), 1),
        (301, Some("no-store"), 2),
    ] {
        let site = Site::answering(move |request, _| {
            let mut response = HttpResponse::Ok();
            if request.path() == "/page" {
                let kept = ("Cache-Control", "max-age=60");
                return response
                    .content_type("text/plain")
                    .insert_header(kept)
                    .body("page");
            }
            response.status(status.try_into().unwrap());
            response.insert_header(("Location", "/page"));
            if let Some(control) = control {
                response.insert_header(("Cache-Control", control));
            }
            response.finish()
        });
        let service = Service::opened_with(&site.url, &[("FETCH_ROBOTS", "ignore")]);
        for _ in 0..2 {
            assert_eq!(read(&service, &person(), &site.url, 0).await, "page");
        }
        assert_eq!(site.asked("/"), asked, "{status} {control:?}");
    }
}

/// Answers slowly, so that all who ask are there.
async fn together(control: &'static str) -> (Site, Vec<String>) {
    let site = Site::answering(move |request: &HttpRequest, before| {
        if request.path() == "/slow" {
            std::thread::sleep(Duration::from_millis(300));
        }
        HttpResponse::Ok()
            .content_type("text/plain")
            .insert_header(("Cache-Control", control))
            .body(format!("edition {before}"))
    });
    let service = Service::opened_with(&site.url, &[("FETCH_ROBOTS", "ignore")]);
    let url = format!("{}/slow", site.url);
    let people = [person(), somebody_else()];
    let calls = [0, 1, 0, 1].map(|number| read(&service, &people[number], &url, 0));
    let shown = futures_util::future::join_all(calls).await;
    (site, shown)
}

#[actix_web::test]
async fn many_who_wish_for_the_same_are_one_request() {
    let (site, shown) = together("max-age=60").await;
    assert_eq!(
        (site.asked("/slow"), shown),
        (1, vec!["edition 0".to_owned(); 4])
    );
}

#[actix_web::test]
async fn what_turns_out_to_be_private_is_asked_for_by_each() {
    for control in ["private, max-age=60", "no-store"] {
        let (site, shown) = together(control).await;
        assert_eq!(site.asked("/slow"), 2, "{control}: {shown:?}");
        assert_eq!((&shown[0], &shown[1]), (&shown[2], &shown[3]), "{control}");
        assert_ne!(shown[0], shown[1], "{control}");
    }
}

#[actix_web::test]
async fn memory_is_bounded_and_the_oldest_page_makes_room() {
    let site = Site::answering(|_, _| {
        HttpResponse::Ok()
            .content_type("text/plain")
            .insert_header(("Cache-Control", "max-age=60"))
            .body("x".repeat(9 << 20))
    });
    let settings = [("FETCH_CACHE_MB", "48"), ("FETCH_ROBOTS", "ignore")];
    let service = Service::opened_with(&site.url, &settings);
    for path in ["/1", "/2", "/3", "/1"] {
        read(&service, &person(), &format!("{}{path}", site.url), 0).await;
    }
    assert_eq!(site.asked("/1"), 2);
    // And the reading of the newest one goes on, large as it is.
    read(&service, &person(), &format!("{}/1", site.url), 5).await;
    assert_eq!(site.asked("/1"), 2);
}

/// An answer's snapshot, and whether it says that it may not join the part before.
async fn snapshot(service: &Service, url: &str, start: usize) -> (String, bool) {
    let arguments = json!({ "url": url, "start_index": start, "max_length": 11 });
    let result = service.call(arguments).await;
    let snapshot = result["structuredContent"]["snapshot"].as_str().unwrap();
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains(&format!("Snapshot: {snapshot}\n")), "{text}");
    let warned = text.contains(&format!(
        "if its snapshot was not {snapshot}, text is missing"
    ));
    (snapshot.to_owned(), warned)
}

#[actix_web::test]
async fn two_conversations_that_read_one_page_are_told_what_is_of_which_answer() {
    let site = numbered(&[("Cache-Control", "no-store")]);
    let service = Service::opened_to(&site.url);
    let (of_one, warned) = snapshot(&service, &site.url, 0).await;
    assert!(!warned);
    assert_eq!(
        snapshot(&service, &site.url, 8).await,
        (of_one.clone(), false)
    );
    // Another conversation of the same person begins; the first goes on, and then the other.
    let (of_other, warned) = snapshot(&service, &site.url, 0).await;
    assert!(!warned && of_other != of_one);
    for start in [19, 8] {
        assert_eq!(
            snapshot(&service, &site.url, start).await,
            (of_other.clone(), true)
        );
    }
    // Both are over, and a new one is alone.
    service.clock.advance(Seconds(600));
    let (of_third, warned) = snapshot(&service, &site.url, 0).await;
    assert!(!warned && of_third != of_other);
    assert_eq!(snapshot(&service, &site.url, 8).await, (of_third, false));
}

#[actix_web::test]
async fn a_part_of_a_page_whose_beginning_is_not_known_says_so() {
    let site = numbered(&[("Cache-Control", "no-store")]);
    let service = Service::opened_to(&site.url);
    let (of_middle, warned) = snapshot(&service, &site.url, 8).await;
    assert!(warned);
    assert_eq!(snapshot(&service, &site.url, 19).await, (of_middle, false));
}

#[actix_web::test]
async fn a_page_that_has_not_changed_is_the_same_snapshot() {
    let site = Site::answering(|_, _| {
        HttpResponse::Ok()
            .content_type("text/plain")
            .insert_header(("Cache-Control", "no-store"))
            .body("a long page ".repeat(20))
    });
    let service = Service::opened_with(&site.url, &[("FETCH_ROBOTS", "ignore")]);
    let first = snapshot(&service, &site.url, 0).await;
    assert_eq!(snapshot(&service, &site.url, 0).await, first);
    assert_eq!(snapshot(&service, &site.url, 8).await, (first.0, false));
    assert_eq!(site.asked("/"), 2);
}
