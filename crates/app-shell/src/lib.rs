//! app-shell
