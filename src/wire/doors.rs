//! The doors of a daemon, open until they are closed.

use super::Trouble;
use std::path::Path;
use std::sync::Arc;
use tidegate::daemon::Handle;
use tidegate::ports::Clock;
use tidegate::server::rows::Beside;
use tidegate::server::socket::Socket;
use tidegate::server::webhook::{Counts, Intake, Tokens};
use tidegate::server::{Doors, Served, routes, webhook};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What serves, until it is told to stop.
pub struct Open {
    served: Arc<Served>,
    counts: Arc<Counts>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Open {
    /// Opens a daemon's control socket. `clock` is the one that the daemon lives by.
    pub async fn at(handle: &Handle, path: &Path, clock: Arc<dyn Clock>) -> Result<Self, Trouble> {
        let socket = Socket::bind(path).await.map_err(|e| Trouble::failed(&e))?;
        let served = Served::new(handle.clone());
        let epoch = u64::try_from(handle.now().as_millis()).unwrap_or(0);
        let table = served.table(epoch);
        let counts = Arc::new(Counts::default());
        let open = Self { served, counts, stop: CancellationToken::new(), tasks: TaskTracker::new() };
        let doors = Doors {
            table: table.clone(),
            source: open.served.clone(),
            about: open.served.about(),
            webhooks: open.counts.clone(),
            clock,
        };
        open.tasks.spawn(open.served.clone().publish(table, open.stop.clone()));
        open.tasks.spawn(routes::serve(socket, doors, open.stop.clone()));
        Ok(open)
    }

    /// Listens to registries and to announcements too.
    pub fn webhook(&mut self, listener: TcpListener, tokens: Tokens) {
        let intake = Arc::new(Intake::new(self.served.clone(), self.counts.clone()));
        self.tasks.spawn(webhook::serve(listener, intake, tokens, self.stop.clone()));
    }

    /// Closes them; returns when nobody is served any more.
    pub async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
