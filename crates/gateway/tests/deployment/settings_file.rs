//! `gateway.toml` beside a deployment: one file for every command of the operator's.

use super::{Deployment, said};

/// Each is read by some command and not by others.
const FILE: &str = r#"
BASE_DOMAIN = "example.com"
REDIS_URL = "redis://localhost:1"
REDIS_VERIFIER_PASSWORD = "a-secret"
JWT_KEY_DIR = "keys/signing"
ASSERTION_KEY_DIR = "keys/assertion"
INTERNAL_CA_DIR = "keys/ca"
INTERNAL_CA_CERTIFICATE_DIR = "keys/ca-certificate"
VERIFIER_TLS_DIR = "keys/tls"
VERIFIER_CACHE_MB = "24"
EGRESS_ALLOW_PORTS = "8443"
JWKS_URL = "http://auth-service:8000/jwks"
BACKUP_DIR = "backups"
"#;

#[test]
fn what_one_command_takes_no_other_refuses() {
    let deployment = Deployment::new();
    deployment.write("gateway.toml", FILE);
    for command in [
        &["keys", "list"][..],
        &["backup", "list"],
        &["backup", "create"],
        &["clients", "list"],
        &["reload"],
        &["doctor", "--inside-only", "--only", "settings"],
    ] {
        let shown = said(&deployment.gateway(command, &[]));
        assert!(
            !shown.contains("not a known name") && !shown.contains("a-secret"),
            "{command:?}: {shown}"
        );
    }
    let typo = FILE.replace("BACKUP_DIR", "BACKUP_DIRECTORY");
    deployment.write("gateway.toml", &typo);
    let shown = said(&deployment.gateway(&["keys", "list"], &[]));
    assert!(shown.contains("BACKUP_DIRECTORY"), "{shown}");
}
