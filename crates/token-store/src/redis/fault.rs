//! What a failure means: Redis cannot be asked, or what it holds is not what was written.

use ::redis::{ErrorKind, RedisError};
use token_core::store::StoreError;

pub(super) fn fault(error: RedisError) -> StoreError {
    let damaged = matches!(error.code(), Some("DAMAGED" | "WRONGTYPE"))
        || matches!(error.kind(), ErrorKind::UnexpectedReturnType);
    if damaged {
        StoreError::Corrupt(error.into())
    } else {
        StoreError::Unavailable(error.into())
    }
}
