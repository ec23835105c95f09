//! What an attacker would try, one test for each attempt, against a real process over HTTP. A file
//! is a family; docs/security.md names the test of each attack, these and those that stand
//! elsewhere.

mod account;
mod bodies;
mod clickjacking;
mod code_injection;
mod credentials;
mod csrf;
mod enumeration;
mod forms;
mod header_injection;
mod mix_up;
mod open_redirect;
mod pollution;
mod redirect_uris;
mod session_fixation;
mod token_substitution;
mod xss;
