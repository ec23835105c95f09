//! A span for each request.

use std::future::{Ready, ready};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::{Method, StatusCode};
use futures_util::future::{Either, FutureExt as _, LocalBoxFuture};
use opentelemetry::trace::{
    FutureExt as _, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

use super::parent;
use super::step::Spans;

/// The middleware of [`Traces::requests`](super::Traces::requests).
pub struct RequestSpans(pub(super) Option<SdkTracer>);

/// What it makes of a service.
pub struct Spanned<S> {
    service: S,
    tracer: Option<SdkTracer>,
}

impl<S, B> Transform<S, ServiceRequest> for RequestSpans
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = Spanned<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let tracer = self.0.clone();
        ready(Ok(Spanned { service, tracer }))
    }
}

impl<S, B> Service<ServiceRequest> for Spanned<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Either<S::Future, LocalBoxFuture<'static, Result<Self::Response, Error>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let Some(tracer) = &self.tracer else {
            return Either::Left(self.service.call(request));
        };
        let method = known(request.method());
        let context = begin(tracer, method, &request);
        let answer = {
            let _here = context.clone().attach();
            self.service.call(request)
        };
        let answer = answer.with_context(context.clone());
        Either::Right(
            async move {
                let outcome = answer.await;
                end(&context, method, &outcome);
                outcome
            }
            .boxed_local(),
        )
    }
}

fn begin(tracer: &SdkTracer, method: &'static str, request: &ServiceRequest) -> Context {
    let parent = parent::of(request.headers());
    let span = SpanBuilder::from_name(method).with_kind(SpanKind::Server);
    let span = tracer.build_with_context(span, &parent);
    Context::new()
        .with_value(Spans(tracer.clone()))
        .with_span(span)
}

/// The route is known now. A path that none takes is not told: it is whatever somebody typed.
fn end<B>(context: &Context, method: &'static str, outcome: &Result<ServiceResponse<B>, Error>) {
    let span = context.span();
    span.set_attribute(KeyValue::new("http.request.method", method));
    let status = match outcome {
        Ok(answer) => {
            if let Some(route) = answer.request().match_pattern() {
                span.update_name(format!("{method} {route}"));
                span.set_attribute(KeyValue::new("http.route", route));
            }
            answer.status()
        }
        Err(error) => error.as_response_error().status_code(),
    };
    tell(context, status);
    span.end();
}

fn tell(context: &Context, status: StatusCode) {
    let code = i64::from(status.as_u16());
    let span = context.span();
    span.set_attribute(KeyValue::new("http.response.status_code", code));
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
}

/// Anybody can make up a method.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "_OTHER",
    }
}
