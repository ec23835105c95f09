//! forward-auth
