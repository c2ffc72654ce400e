//! Explains errors of calls to the engine.

use bollard::errors::Error;
use failure::printable;

/// The reason for which an engine does not respond, with the way out.
pub(super) fn reason(error: &Error) -> String {
    let mut text = error.to_string();
    for cause in causes(error) {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            match io.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    return "permission denied on the socket: join the group docker (sudo usermod -aG docker $USER, then log in again)".to_owned();
                }
                std::io::ErrorKind::NotFound => {
                    return "there is no such socket: no Docker engine runs here".to_owned();
                }
                std::io::ErrorKind::ConnectionRefused => return "no Docker engine listens there".to_owned(),
                _ => {}
            }
        }
        text = format!("{text}: {cause}");
    }
    printable(text.as_bytes(), 1000)
}

/// The causes of `error`.
pub(super) fn causes(error: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}
