//! The server: its listeners, its tasks, its end.

use super::{Base, Error, Result, certs, desk::Desk, owner::Owner, post};
use crate::{
    account::Registry,
    config::{Config, Listen},
    control, imap,
    net::{Acceptor, Listener, authority::host_name},
    smtp,
    spool::Spool,
    web,
};
use std::{io, sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Connections get ten seconds to hear their BYE; what is still there then is cut off.
const LAST_WORDS: Duration = Duration::from_secs(12);

/// A running server. [`App::stop`] ends it in order; dropped, it is cut off.
#[derive(Debug)]
pub struct App {
    base: Arc<Base>,
    registry: Registry,
    spool: Spool,
    /// Listeners and connections.
    faces: JoinSet<()>,
    /// Accounts, certificate, control socket.
    workers: JoinSet<()>,
    stop_faces: CancellationToken,
    stop_workers: CancellationToken,
    /// Somebody asked for the end through the control socket.
    asked: CancellationToken,
}

/// Bound, not yet served.
struct Doors {
    imap: Door,
    smtp: Door,
    http: Door,
}

struct Door {
    plain: Vec<Listener>,
    tls: Vec<Listener>,
}

impl App {
    /// Listens on every address of `config` when this returns; accounts connect in the background.
    pub async fn start(config: Config) -> Result<Self> {
        let owner = Owner::take(&config.data_dir)?;
        Self::start_owned(config, owner).await
    }

    pub(super) async fn start_owned(config: Config, owner: Owner) -> Result<Self> {
        let doors = Doors {
            imap: Door::open(&config.imap).await?,
            smtp: Door::open(&config.smtp.listen).await?,
            http: Door::open(&config.http).await?,
        };
        let base = Arc::new(Base::open_owned(config, owner).await?);
        let acceptor = certs::acceptor(&base.config, &base.vault)?;
        let registry = Registry::default();
        let spool = post::open(&base, &registry).await?;
        let mut app = Self {
            base,
            registry,
            spool,
            faces: JoinSet::new(),
            workers: JoinSet::new(),
            stop_faces: CancellationToken::new(),
            stop_workers: CancellationToken::new(),
            asked: CancellationToken::new(),
        };
        app.seat_accounts();
        app.send_mail();
        app.answer_commands();
        app.open_doors(doors, &acceptor);
        let stop = app.stop_workers.clone();
        app.workers
            .spawn(async move { acceptor.keep_fresh(stop).await });
        Ok(app)
    }

    /// Returns when somebody asked for the end through the control socket.
    pub async fn asked_to_stop(&self) {
        self.asked.cancelled().await;
    }

    /// Stops accepting, says BYE, finishes what is in hand, closes the store.
    pub async fn stop(mut self) -> Result<()> {
        self.stop_faces.cancel();
        drain(&mut self.faces).await;
        self.stop_workers.cancel();
        drain(&mut self.workers).await;
        self.base.close().await
    }

    pub(super) fn base(&self) -> &Arc<Base> {
        &self.base
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    fn seat_accounts(&mut self) {
        for name in self.base.names() {
            self.registry.set_opening(name.clone());
        }
        for seat in &self.base.seats {
            let seat = Arc::clone(seat);
            let (store, registry) = (self.base.store.clone(), self.registry.clone());
            let stop = self.stop_workers.clone();
            self.workers
                .spawn(async move { seat.serve(store, registry, stop).await });
        }
    }

    fn send_mail(&mut self) {
        let (spool, stop) = (self.spool.clone(), self.stop_workers.clone());
        self.workers.spawn(async move { spool.run(stop).await });
        for seat in &self.base.seats {
            let (seat, spool) = (Arc::clone(seat), self.spool.clone());
            let (registry, stop) = (self.registry.clone(), self.stop_workers.clone());
            self.workers
                .spawn(post::follow(seat, registry, spool, stop));
        }
    }

    /// Without a socket the server serves all the same: commands then want it stopped.
    fn answer_commands(&mut self) {
        let server = match control::Server::bind(self.base.socket()) {
            Ok(server) => server,
            Err(error) => {
                let socket = self.base.socket().display();
                tracing::warn!(%socket, %error, "no control socket");
                return;
            }
        };
        let (calls, mut taken) = mpsc::channel::<control::Call>(8);
        let desk = Desk {
            base: Arc::clone(&self.base),
            server: Some(self.asked.clone()),
        };
        let stop = self.stop_workers.clone();
        self.workers.spawn(server.serve(calls, stop.clone()));
        self.workers.spawn(async move {
            let mut open = JoinSet::new();
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    Some(_) = open.join_next() => {}
                    call = taken.recv() => match call {
                        Some(call) => {
                            let desk = desk.clone();
                            open.spawn(async move { desk.take(call).await });
                        }
                        None => return,
                    },
                }
            }
        });
    }

    fn open_doors(&mut self, doors: Doors, acceptor: &Acceptor) {
        let server = Arc::new(imap::Server {
            auth: self.base.auth.clone(),
            registry: self.registry.clone(),
            acceptor: Some(acceptor.clone()),
            limits: imap::Limits::default(),
            room: imap::Room::default(),
        });
        for (listener, implicit_tls) in doors.imap.all() {
            let stop = self.stop_faces.clone();
            let server = Arc::clone(&server);
            self.faces.spawn(server.serve(listener, implicit_tls, stop));
        }
        let server = Arc::new(smtp::Server {
            auth: self.base.auth.clone(),
            spool: self.spool.clone(),
            acceptor: Some(acceptor.clone()),
            host: host_name(),
            limits: smtp::Limits::default(),
        });
        for (listener, implicit_tls) in doors.smtp.all() {
            let stop = self.stop_faces.clone();
            let server = Arc::clone(&server);
            self.faces.spawn(server.serve(listener, implicit_tls, stop));
        }
        for (listener, implicit_tls) in doors.http.all() {
            let acceptor = implicit_tls.then(|| acceptor.clone());
            let stop = self.stop_faces.clone();
            self.faces
                .spawn(web::serve(listener, acceptor, host_name(), stop));
        }
    }
}

impl Door {
    async fn open(addresses: &Listen) -> Result<Self> {
        Ok(Self {
            plain: bind(&addresses.listen).await?,
            tls: bind(&addresses.tls_listen).await?,
        })
    }

    /// Each listener, and whether TLS starts with its first octet.
    fn all(self) -> impl Iterator<Item = (Listener, bool)> {
        let plain = self.plain.into_iter().map(|listener| (listener, false));
        plain.chain(self.tls.into_iter().map(|listener| (listener, true)))
    }
}

/// A computer without IPv6 has no `::1`: that is no reason to refuse the IPv4 address beside it.
async fn bind(addresses: &[std::net::SocketAddr]) -> Result<Vec<Listener>> {
    let mut bound = Vec::new();
    for address in addresses {
        match Listener::bind(*address).await {
            Ok(listener) => bound.push(listener),
            Err(error) if address.is_ipv6() && !bound.is_empty() && has_no_ipv6(&error) => {
                tracing::warn!(%address, %error, "left out");
            }
            Err(error) => return Err(Error::Listen(error)),
        }
    }
    Ok(bound)
}

fn has_no_ipv6(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported
    )
}

async fn drain(tasks: &mut JoinSet<()>) {
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, all).await.is_err() {
        tracing::warn!(left = tasks.len(), "tasks did not end in time");
        tasks.shutdown().await;
    }
}
