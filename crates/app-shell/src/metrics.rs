//! Figures for Prometheus, on a listener that nothing outside is routed to.
//!
//! A `main` makes one [`registry`], hands it to whoever has something to count, and adds the
//! [`service`] to the others. Whoever counts takes its handles once (`IntCounterVec` looks its
//! labels up each time) and adds to them without asking anybody.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    PullingGauge, TextEncoder,
};

pub use prometheus::Registry;

use crate::listener::{self, BindError};
use crate::serve::{HttpService, get_or_head};
use crate::settings::Settings;

/// Where the figures are served; unset, they are not.
pub const METRICS_ADDRESS: &str = "METRICS_ADDRESS";

/// The settings that [`address`] reads.
pub const SETTINGS: [&str; 1] = [METRICS_ADDRESS];

/// Reads `METRICS_ADDRESS`.
pub fn address(settings: &mut Settings) -> Option<SocketAddr> {
    settings.parse_with(METRICS_ADDRESS, |text| {
        text.parse::<SocketAddr>()
            .map_err(|_| "not an address such as 0.0.0.0:9090")
    })
}

/// A registry that tells which `program` this is, of which version, and since when it runs (in
/// seconds since 1970).
///
/// # Errors
/// Names that Prometheus does not take.
pub fn registry(program: &str, started: u64) -> prometheus::Result<Registry> {
    let registry = Registry::new();
    let build = Opts::new(
        "gateway_build_info",
        "The program and its version; always 1.",
    );
    let build = add(&registry, IntGaugeVec::new(build, &["program", "version"])?)?;
    build
        .with_label_values(&[program, env!("CARGO_PKG_VERSION")])
        .set(1);
    let name = "process_start_time_seconds";
    let start = IntGauge::new(name, "When the process started, in seconds since 1970.")?;
    add(&registry, start)?.set(i64::try_from(started).unwrap_or(i64::MAX));
    Ok(registry)
}

/// Registers a collector, and gives it back.
///
/// # Errors
/// Another one has its name.
pub fn add<C: Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> prometheus::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

/// Registers a figure that is asked for when somebody reads them.
///
/// # Errors
/// Another one has its name.
pub fn asked(
    registry: &Registry,
    name: &str,
    help: &str,
    figure: impl Fn() -> u64 + Send + Sync + 'static,
) -> prometheus::Result<()> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "Prometheus has no other numbers, and 2^53 is enough"
    )]
    let figure = move || figure() as f64;
    let gauge = PullingGauge::new(name, help, Box::new(figure))?;
    registry.register(Box::new(gauge))
}

/// The internal listener: `GET /metrics` in Prometheus' text format.
///
/// # Errors
/// `address` cannot be listened on.
pub fn service(address: SocketAddr, registry: Registry) -> Result<HttpService, BindError> {
    Ok(HttpService {
        name: "metrics",
        listeners: vec![listener::bind(METRICS_ADDRESS, address)?],
        tls: None,
        routes: Arc::new(move |config: &mut ServiceConfig| {
            let registry = web::Data::new(registry.clone());
            config.service(
                web::resource("/metrics")
                    .app_data(registry)
                    .route(get_or_head().to(answer)),
            );
        }),
        workers: 1,
        requests: None,
    })
}

async fn answer(registry: web::Data<Registry>) -> HttpResponse {
    match TextEncoder::new().encode_to_string(&registry.gather()) {
        Ok(text) => HttpResponse::Ok()
            .content_type(prometheus::TEXT_FORMAT)
            .body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Counts a service's answers by the class of their status.
#[derive(Clone)]
pub struct RequestCount([IntCounter; 5]);

impl RequestCount {
    /// Registers `gateway_http_requests_total`, with the labels `service` and `status` (`1xx` to
    /// `5xx`).
    ///
    /// # Errors
    /// It is registered already.
    pub fn register(registry: &Registry, service: &str) -> prometheus::Result<Self> {
        let options = Opts::new(
            "gateway_http_requests_total",
            "Requests answered, by the class of the status.",
        );
        let options = options.const_label("service", service);
        let by_status = add(registry, IntCounterVec::new(options, &["status"])?)?;
        Ok(Self(
            ["1xx", "2xx", "3xx", "4xx", "5xx"].map(|class| by_status.with_label_values(&[class])),
        ))
    }

    pub(crate) fn add(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.0.get(class) {
            counter.inc();
        }
    }
}

/// A counter with labels, as a function of their values.
///
/// # Errors
/// Names that Prometheus does not take, or another has.
pub fn counter<const N: usize>(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: [&str; N],
) -> prometheus::Result<impl Fn([&str; N]) + Clone + use<N>> {
    let counter = add(
        registry,
        IntCounterVec::new(Opts::new(name, help), &labels)?,
    )?;
    Ok(move |values: [&str; N]| counter.with_label_values(&values).inc())
}

/// A histogram of seconds by `outcome`, as a function of the time and the outcome.
///
/// # Errors
/// Names that Prometheus does not take, or another has.
pub fn durations(
    registry: &Registry,
    name: &str,
    help: &str,
) -> prometheus::Result<impl Fn(Duration, &str) + Clone + use<>> {
    let bounds = vec![2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2, 0.25, 1.0, 3.0];
    let options = HistogramOpts::new(name, help).buckets(bounds);
    let histogram = add(registry, HistogramVec::new(options, &["outcome"])?)?;
    Ok(move |took: Duration, outcome: &str| {
        histogram
            .with_label_values(&[outcome])
            .observe(took.as_secs_f64());
    })
}

/// What is read off the program when somebody asks for the figures.
struct Reading<F> {
    gauge: IntGauge,
    read: F,
}

impl<F: Fn() -> Option<u64> + Send + Sync> Collector for Reading<F> {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Some(value) = (self.read)() else {
            return Vec::new();
        };
        self.gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        self.gauge.collect()
    }
}

/// A figure that is read when somebody asks for it; it is not told where there is none.
///
/// # Errors
/// Names that Prometheus does not take, or another has.
pub fn reading(
    registry: &Registry,
    name: &str,
    help: &str,
    read: impl Fn() -> Option<u64> + Send + Sync + 'static,
) -> prometheus::Result<()> {
    let gauge = IntGauge::new(name, help)?;
    registry.register(Box::new(Reading { gauge, read }))
}

/// Counts what a program has recorded, by what it is.
///
/// # Errors
/// It is registered already.
pub fn event_count(
    registry: &Registry,
) -> prometheus::Result<impl Fn(&str, &str, &str) + Clone + use<>> {
    let help = "Audit events, by what happened, the step of a login, and why.";
    let labels = ["event", "step", "reason"];
    let events = counter(registry, "gateway_events_total", help, labels)?;
    Ok(move |event: &str, step: &str, reason: &str| events([event, step, reason]))
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::{RequestCount, SETTINGS, address, registry, service};
    use crate::settings::Settings;

    #[actix_web::test]
    async fn the_page_tells_the_program_its_start_and_its_answers() {
        let registry = registry("test-service", 1_700_000_000).unwrap();
        let requests = RequestCount::register(&registry, "test-service").unwrap();
        for status in [200, 204, 302, 404, 503] {
            requests.add(StatusCode::from_u16(status).unwrap());
        }
        let routes = service("127.0.0.1:0".parse().unwrap(), registry)
            .unwrap()
            .routes;
        let app = init_service(App::new().configure(|config| routes(config))).await;
        let request = TestRequest::with_uri("/metrics").to_request();
        let answer = call_service(&app, request).await;
        let kind = answer.headers().get("content-type").unwrap();
        let kind = kind.to_str().unwrap().to_owned();
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        let page = read_body(answer).await;
        let page = std::str::from_utf8(&page).unwrap();
        for line in [
            r#"gateway_http_requests_total{service="test-service",status="2xx"} 2"#,
            r#"gateway_http_requests_total{service="test-service",status="1xx"} 0"#,
            r#"gateway_http_requests_total{service="test-service",status="5xx"} 1"#,
            "process_start_time_seconds 1700000000",
            r#"gateway_build_info{program="test-service",version=""#,
        ] {
            assert!(page.contains(line), "{line} in {page}");
        }
    }

    #[test]
    fn no_address_is_no_listener_and_a_wrong_one_is_named() {
        let read = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| (*name, *value));
            let mut settings = Settings::from_pairs(&SETTINGS, pairs);
            let address = address(&mut settings);
            settings
                .finish_with(|| Some(address))
                .map_err(|error| error.to_string())
        };
        assert_eq!(read(&[]), Ok(None));
        let set = read(&[("METRICS_ADDRESS", "127.0.0.1:9090")]);
        assert_eq!(set, Ok(Some("127.0.0.1:9090".parse().unwrap())));
        let error = read(&[("METRICS_ADDRESS", "9090")]).unwrap_err();
        assert!(error.contains("METRICS_ADDRESS"), "{error}");
    }
}
