//! token-core
