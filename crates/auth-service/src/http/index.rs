//! `GET /` on the issuer: what this is, and which URLs to paste.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::error::HttpFailure;
use super::pages::{IndexPage, ServiceEntry};
use super::{browser, response};
use crate::flows::Context;

pub(super) async fn get(context: web::Data<Context>) -> Result<HttpResponse, HttpFailure> {
    let entry = |service: token_core::resource::Service| ServiceEntry {
        name: service.name.to_string(),
        url: service.resource.to_string(),
    };
    let page = IndexPage {
        services: context.services.iter().map(entry).collect(),
        sign_in: browser::sign_in_with(&context),
    };
    response::page(StatusCode::OK, &page)
}
