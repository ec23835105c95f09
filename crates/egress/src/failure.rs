//! From the HTTP client's errors to ours: the connector's verdict is among their sources.

use std::error::Error;

use hyper_util::client::legacy;

use crate::connector::ConnectFault;
use crate::error::{EgressError, Rule, TimeLimit};
use crate::limits::Limits;

/// A request that came to nothing; a refusal lacks the hop that it belongs to.
pub(crate) enum Fault {
    Refused(Rule),
    Other(EgressError),
}

impl From<EgressError> for Fault {
    fn from(error: EgressError) -> Self {
        Self::Other(error)
    }
}

pub(crate) fn of(error: &legacy::Error, limits: &Limits) -> Fault {
    if let Some(fault) = source::<ConnectFault>(error) {
        return of_connector(*fault);
    }
    if source::<hyper::Error>(error).is_some_and(hyper::Error::is_parse_too_large) {
        return EgressError::HeadersTooLarge(limits.header_bytes).into();
    }
    EgressError::Response.into()
}

/// The first error of this type among the sources.
fn source<E: Error + 'static>(error: &legacy::Error) -> Option<&E> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        source = cause.source();
    }
    None
}

fn of_connector(fault: ConnectFault) -> Fault {
    match fault {
        ConnectFault::Refused(rule) => return Fault::Refused(rule),
        ConnectFault::Unresolved => EgressError::Unresolved,
        ConnectFault::Unreachable => EgressError::Connect,
        ConnectFault::Tls => EgressError::Tls,
        ConnectFault::Timeout => EgressError::Timeout(TimeLimit::Connect),
    }
    .into()
}
