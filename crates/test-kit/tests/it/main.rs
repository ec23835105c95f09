//! Bad input against the real processes: auth-service, forward-auth and a real Redis, with a
//! stand-in for GitHub, asked as Traefik and a browser ask them.

mod authorize;
mod redis_down;
mod sign_in;
mod token;
mod verifier;
