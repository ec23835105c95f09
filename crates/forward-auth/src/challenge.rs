//! The challenge (RFC 6750 section 3, RFC 9728 section 5.1): exactly one, on one line, with
//! quoted values that hold no quotes.

use token_core::ResourceId;
use token_core::scope::MCP;

use crate::decide::Denial;

/// The `WWW-Authenticate` value for a denial; `None` where it cannot be decided.
pub fn challenge(resource: &ResourceId, denial: Denial) -> Option<String> {
    let place = format!(
        r#"resource_metadata="{}", scope="{MCP}""#,
        resource.metadata_url()
    );
    let error = match denial {
        Denial::CannotDecide | Denial::Flood => return None,
        // RFC 6750 section 3.1: no error where no token was sent.
        Denial::NoToken => return Some(format!("Bearer {place}")),
        Denial::InsufficientScope => "insufficient_scope",
        _ => "invalid_token",
    };
    let description = description(denial);
    Some(format!(
        r#"Bearer error="{error}", error_description="{description}", {place}"#
    ))
}

/// One sentence for the client's developer. It does not tell a revoked token from an unknown one.
pub fn description(denial: Denial) -> &'static str {
    use token_core::jose::TokenError;
    match denial {
        Denial::NoToken => "a token is needed",
        Denial::IllFormed => "the Authorization header is not one Bearer token",
        Denial::WrongHost => "the request is not for this service",
        Denial::Token(TokenError::Expired) => "the token has expired",
        Denial::Token(TokenError::WrongAudience) => "the token is for another service",
        Denial::Token(_) => "the token is not valid",
        Denial::Inactive => "the token is not active",
        Denial::NotAdmitted => "the person is not admitted; sign in again to learn more",
        Denial::InsufficientScope => "the token lacks a scope",
        Denial::CannotDecide => "the gateway cannot check tokens now; try again in a moment",
        Denial::Flood => "too many bad tokens came from this address; try again in ten seconds",
    }
}

/// The status for a denial: 403 for a missing scope alone, since clients register anew on any
/// other 403.
pub fn status(denial: Denial) -> u16 {
    match denial {
        Denial::CannotDecide | Denial::Flood => 503,
        Denial::InsufficientScope => 403,
        _ => 401,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use token_core::jose::TokenError;

    #[test]
    fn one_challenge_that_every_parser_reads() {
        let resource = ResourceId::parse("https://fetch.example.com/mcp").unwrap();
        assert_eq!(
            challenge(&resource, Denial::NoToken).unwrap(),
            "Bearer resource_metadata=\"https://fetch.example.com/.well-known/\
             oauth-protected-resource/mcp\", scope=\"mcp\""
        );
        let expired = challenge(&resource, Denial::Token(TokenError::Expired)).unwrap();
        assert!(expired.starts_with("Bearer error=\"invalid_token\", error_description=\"the"));
        assert!(challenge(&resource, Denial::CannotDecide).is_none());
        assert_eq!(status(Denial::InsufficientScope), 403);
    }
}
