//! fetch-service
