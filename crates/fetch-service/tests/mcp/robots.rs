//! `robots.txt` as a model that calls the tool meets it (RFC 9309).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use token_core::Seconds;

use crate::support::{Service, Site};

/// A site with this `robots.txt`, and the same page everywhere else.
fn site(status: u16, robots_txt: &'static str) -> Site {
    Site::answering(move |request, _| match request.path() {
        "/robots.txt" => HttpResponse::build(StatusCode::from_u16(status).unwrap())
            .content_type("text/plain")
            .body(robots_txt),
        _ => page(),
    })
}

fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain")
        .insert_header(("Cache-Control", "no-store"))
        .body("the page")
}

async fn fetch(service: &Service, site: &Site, path: &str) -> Result<(), String> {
    let url = format!("{}{path}", site.url);
    let (is_error, answer) = service.fetch(json!({ "url": url })).await;
    if is_error {
        return Err(answer);
    }
    assert!(answer.contains("the page"), "{answer}");
    Ok(())
}

#[actix_web::test]
async fn what_it_forbids_is_not_asked_for_and_the_rule_is_told() {
    let site = site(
        200,
        "User-agent: mcp-fetch\nDisallow: /private\nAllow: /private/open\n",
    );
    let service = Service::opened_to(&site.url);
    let refusal = fetch(&service, &site, "/private/x").await.unwrap_err();
    assert!(
        refusal.contains("forbids it to automatic visitors: `Disallow: /private`"),
        "{refusal}"
    );
    assert_eq!(site.asked("/private/x"), 0);
    for allowed in ["/", "/private/open/x"] {
        fetch(&service, &site, allowed).await.unwrap();
    }
    // One file for the whole origin.
    assert_eq!(site.asked("/robots.txt"), 1);
}

#[actix_web::test]
async fn a_file_that_is_not_there_allows_and_one_that_may_be_forbids() {
    for (status, allowed) in [
        (404, true),
        (403, true),
        (410, true),
        (500, false),
        (503, false),
    ] {
        let site = site(status, "User-agent: *\nDisallow: /\n");
        let service = Service::opened_to(&site.url);
        let outcome = fetch(&service, &site, "/").await;
        assert_eq!(outcome.is_ok(), allowed, "{status}: {outcome:?}");
        if let Err(refusal) = outcome {
            assert!(
                refusal.contains(&format!("could not be read ({status}")),
                "{refusal}"
            );
        }
    }
}

#[actix_web::test]
async fn a_failure_counts_for_a_minute_and_a_file_for_a_day() {
    let site = Site::answering(|request, before| match (request.path(), before) {
        ("/robots.txt", 0) => HttpResponse::InternalServerError().finish(),
        ("/robots.txt", 1) => HttpResponse::Ok().body("User-agent: *\nDisallow: /x\n"),
        ("/robots.txt", _) => HttpResponse::Ok().body(""),
        _ => page(),
    });
    let service = Service::opened_to(&site.url);
    fetch(&service, &site, "/y").await.unwrap_err();
    fetch(&service, &site, "/y").await.unwrap_err();
    service.clock.advance(Seconds(60));
    fetch(&service, &site, "/y").await.unwrap();
    fetch(&service, &site, "/x").await.unwrap_err();
    assert_eq!(site.asked("/robots.txt"), 2);
    service.clock.advance(Seconds(86_399));
    fetch(&service, &site, "/x").await.unwrap_err();
    service.clock.advance(Seconds(1));
    fetch(&service, &site, "/x").await.unwrap();
    assert_eq!(site.asked("/robots.txt"), 3);
}

#[actix_web::test]
async fn a_redirect_does_not_lead_around_it() {
    let site = Site::answering(|request, _| match request.path() {
        "/robots.txt" => HttpResponse::Ok().body("User-agent: *\nDisallow: /private\n"),
        "/moved" => HttpResponse::Found()
            .insert_header(("Location", "/private/x"))
            .finish(),
        _ => page(),
    });
    let service = Service::opened_to(&site.url);
    let refusal = fetch(&service, &site, "/moved").await.unwrap_err();
    assert!(refusal.contains("`Disallow: /private`"), "{refusal}");
    assert_eq!((site.asked("/moved"), site.asked("/private/x")), (1, 0));
}

#[actix_web::test]
async fn it_may_have_moved_itself_and_five_hops_are_enough() {
    let moving = |request: &HttpRequest, last: usize| {
        let path = request.path();
        let number: usize = match path.strip_prefix("/robots.txt") {
            Some("") => 0,
            Some(number) => number.parse().unwrap(),
            None => return page(),
        };
        if number == last {
            return HttpResponse::Ok().body("User-agent: *\nDisallow: /\n");
        }
        let next = format!("/robots.txt{}", number + 1);
        HttpResponse::Found()
            .insert_header(("Location", next))
            .finish()
    };
    for (hops, allowed) in [(5, false), (6, true)] {
        let site = Site::answering(move |request, _| moving(request, hops));
        let service = Service::opened_to(&site.url);
        let outcome = fetch(&service, &site, "/").await;
        assert_eq!(outcome.is_ok(), allowed, "{hops}: {outcome:?}");
    }
}

#[actix_web::test]
async fn the_operator_may_ignore_it() {
    let site = site(200, "User-agent: *\nDisallow: /\n");
    let service = Service::opened_with(&site.url, &[("FETCH_ROBOTS", "ignore")]);
    fetch(&service, &site, "/").await.unwrap();
    assert_eq!(site.asked("/robots.txt"), 0);
}

#[actix_web::test]
async fn no_argument_of_the_tool_gets_around_it() {
    let site = site(200, "User-agent: *\nDisallow: /\n");
    let service = Service::opened_to(&site.url);
    for name in ["ignore_robots_txt", "robots", "obey_robots", "FETCH_ROBOTS"] {
        let arguments = json!({ "url": site.url, name: "ignore" });
        let (is_error, answer) = service.fetch(arguments).await;
        assert!(is_error, "{name}: {answer}");
    }
    assert_eq!(site.asked("/"), 0);
}

/// A hostile file of the largest size, against a long path: on a thread of its own, in bounded
/// time, and without a stop for others.
#[actix_web::test]
async fn a_hostile_file_stops_nobody() {
    let rules = "Allow:*a*b*c\n".repeat(38_000);
    let file = format!("User-agent: *\n{rules}").leak();
    let site = site(200, file);
    let service = Service::opened_to(&site.url);
    let url = format!("{}/{}", site.url, "ab".repeat(1500));
    let hostile = service.fetch(json!({ "url": url }));
    let others = async {
        for _ in 0..20 {
            fetch(&service, &site, "/").await.unwrap();
        }
    };
    let both = async { tokio::join!(hostile, others) };
    let limit = std::time::Duration::from_secs(20);
    let ((is_error, answer), ()) = tokio::time::timeout(limit, both).await.unwrap();
    assert!(!is_error, "{answer}");
}
