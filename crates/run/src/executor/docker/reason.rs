//! Why a call to the engine failed, in words that help.

use bollard::errors::Error;
use failure::printable;

/// Why an engine does not answer, in words that help.
pub(super) fn reason(error: &Error) -> String {
    let mut text = error.to_string();
    for cause in causes(error) {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            match io.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    return "no rights on the socket: join the group docker (sudo usermod -aG docker $USER, then log in anew)".to_owned();
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

/// The errors behind `error`.
pub(super) fn causes(error: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}
