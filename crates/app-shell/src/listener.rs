//! Taking a port, with an error that an operator can act on.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};

/// An address that cannot be listened on. Its text is one line: the setting, the address, the
/// cause and the mend.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: cannot listen on {address}: {}", why(.setting, .cause))]
pub struct BindError {
    setting: String,
    address: SocketAddr,
    // Named so that it is not the error's source: its text is part of the line already.
    cause: io::Error,
}

impl BindError {
    /// Why, for a caller that can do without the address.
    pub fn kind(&self) -> ErrorKind {
        self.cause.kind()
    }
}

/// Listens on `address`, which came from the setting `setting`.
///
/// The listener is non-blocking and reuses an address in `TIME_WAIT`, so that a restart does not
/// wait.
///
/// # Errors
/// [`BindError`], whose text names the setting and the mend.
pub fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
        .map_err(|cause| BindError {
            setting: setting.to_owned(),
            address,
            cause,
        })
}

fn why(setting: &str, cause: &io::Error) -> String {
    match cause.kind() {
        ErrorKind::AddrInUse => {
            format!("another program uses this port; stop it, or set {setting} to a free port")
        }
        ErrorKind::PermissionDenied => {
            format!("this user may not open that port; set {setting} to a port from 1024 up")
        }
        ErrorKind::AddrNotAvailable => {
            format!("this machine has no such address; set {setting} to one that it has")
        }
        _ => format!("{cause}; set {setting} to another address"),
    }
}

#[cfg(test)]
mod tests {
    use super::bind;

    #[test]
    fn a_taken_port_names_the_setting_the_address_and_the_mend() {
        let first = bind("LISTEN_ADDRESS", "127.0.0.1:0".parse().unwrap()).unwrap();
        let address = first.local_addr().unwrap();
        let error = bind("LISTEN_ADDRESS", address).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "LISTEN_ADDRESS: cannot listen on {address}: another program uses this port; \
                 stop it, or set LISTEN_ADDRESS to a free port"
            )
        );
    }

    #[test]
    fn an_address_of_another_machine_is_said_so() {
        let error = bind("LISTEN_ADDRESS", "192.0.2.1:8000".parse().unwrap()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("this machine has no such address"),
            "{error}"
        );
    }
}
