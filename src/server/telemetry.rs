//! The server log: what operators read. No user data at INFO and above; passwords never.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Server;
use crate::error::{Error, Result};

/// Starts the log on standard error. A second call in one process changes nothing.
/// Errors: a filter or format that is none.
pub(super) fn start(config: &Server) -> Result<()> {
    let filter = EnvFilter::try_new(&config.log).map_err(|error| {
        Error::Configuration(format!("invalid value for \"server.log\": {error}"))
    })?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    let started = match config.log_format.as_str() {
        "text" => builder.with_ansi(false).finish().try_init(),
        "json" => builder.json().finish().try_init(),
        other => {
            let message = format!("invalid value for \"server.log_format\": \"{other}\"");
            return Err(Error::Configuration(message));
        }
    };
    // Only a test that starts two servers in one process gets here twice.
    started.ok();
    Ok(())
}
