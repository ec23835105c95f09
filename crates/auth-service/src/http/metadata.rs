//! `GET /.well-known/oauth-authorization-server` (RFC 8414 section 3), with any path suffix, and
//! its alias `GET /.well-known/openid-configuration`. Answered on MCP hosts too, for clients of
//! 2025-03-26.

use actix_web::{HttpResponse, web};

use crate::flows::Context;
use crate::flows::metadata::AuthorizationServerMetadata;

pub(super) const OAUTH_PATH: &str = "/.well-known/oauth-authorization-server";
pub(super) const OAUTH_PATH_WITH_SUFFIX: &str =
    "/.well-known/oauth-authorization-server/{suffix:.*}";
pub(super) const OPENID_PATH: &str = "/.well-known/openid-configuration";

pub(super) async fn oauth(context: web::Data<Context>) -> HttpResponse {
    let trusted = context.id_jag.is_some();
    let metadata = AuthorizationServerMetadata::oauth(&context.issuer);
    HttpResponse::Ok().json(metadata.with_id_jag(trusted))
}

pub(super) async fn openid(context: web::Data<Context>) -> HttpResponse {
    let trusted = context.id_jag.is_some();
    let metadata = AuthorizationServerMetadata::openid(&context.issuer);
    HttpResponse::Ok().json(metadata.with_id_jag(trusted))
}
