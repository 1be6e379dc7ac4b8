//! Microsoft Graph v1.0 and Entra ID v2 on loopback: a tenant of our own.
//!
//! Imports nothing of ours, so that a wrong field name cannot be wrong on both sides. Everything is
//! in memory; [`admin`] tells how tests script it.

mod access;
pub mod admin;
mod attachments;
mod batch;
mod compose;
mod create;
mod delta;
mod directory;
mod directory_admin;
mod entra;
mod expand;
mod extended;
mod faults;
mod filter;
mod folders;
mod http;
mod ids;
mod journal;
mod mailbox;
mod messages;
mod mimeview;
mod project;
mod query;
pub mod regenerate;
mod rights;
mod route;
mod schema;
pub mod script;
mod search;
mod searchfolder;
pub mod seed;
mod send;
mod server;
mod switches;
mod tls;
mod traffic;
mod translate;
mod users;
mod window;
mod wire;
mod world;

use server::Face;
use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long a stop waits for answers under way.
const GRACE: Duration = Duration::from_secs(2);

/// How a sandbox starts. Ports of 0 mean any free one.
#[derive(Debug, Clone)]
pub struct Options {
    pub tenant: seed::Tenant,
    pub seeding: Seeding,
    pub graph_port: u16,
    pub login_port: u16,
    pub admin_port: u16,
    /// Device codes approve themselves for the user that the sign-in is for, a second after they were handed out.
    pub auto_approve: bool,
}

/// What `$value` gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeding {
    /// The MIME comes back as it was put in (golden tests).
    Verbatim,
    /// As Exchange does: rebuilt from properties, with losses (the default of demo and sync tests).
    Regenerated,
}

/// A running sandbox; stops when dropped.
#[derive(Debug)]
pub struct Sandbox {
    graph: Url,
    login: Url,
    admin: Url,
    shared: Shared,
    tasks: Vec<JoinHandle<()>>,
}

/// What the listeners share.
#[derive(Clone)]
struct Shared {
    world: Arc<Mutex<world::World>>,
    addresses: Arc<[String; 3]>,
    tls: Arc<tls::Tls>,
    stop: CancellationToken,
    /// Something may be due for delivery.
    wake: Arc<Notify>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// A handler that panicked leaves a world that is still good enough to test with.
    fn world(&self) -> MutexGuard<'_, world::World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn base(&self, face: Face) -> String {
        let [graph, login, admin] = self.addresses.as_ref();
        match face {
            Face::Graph => graph.clone(),
            Face::Login => login.clone(),
            Face::Admin => admin.clone(),
        }
    }
}

impl Sandbox {
    /// Binds the three ports on 127.0.0.1 and serves. A busy port is an error that names it.
    pub async fn start(options: Options) -> io::Result<Self> {
        Self::start_on(IpAddr::V4(Ipv4Addr::LOCALHOST), options).await
    }

    /// As [`Sandbox::start`], on another loopback address; on any other address it refuses to.
    pub async fn start_on(address: IpAddr, options: Options) -> io::Result<Self> {
        let graph = server::bind(Face::Graph, address, options.graph_port).await?;
        let login = server::bind(Face::Login, address, options.login_port).await?;
        let admin = server::bind(Face::Admin, address, options.admin_port).await?;
        let tls = Arc::new(tls::Tls::new()?);
        // The key that tokens are signed with takes a moment: nobody need wait for it.
        std::thread::spawn(entra::warm_up);
        let urls = [url(&graph)?, url(&login)?, url(&admin)?];
        let bare = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        let (own, uploads) = (bare(&urls[0]), bare(&urls[1]));
        let shared = Shared {
            world: Arc::new(Mutex::new(world::World::new(options, own, uploads))),
            addresses: Arc::new(
                urls.clone()
                    .map(|u| u.as_str().trim_end_matches('/').to_owned()),
            ),
            tls: Arc::clone(&tls),
            stop: CancellationToken::new(),
            wake: Arc::new(Notify::new()),
        };
        let mut tasks = Vec::new();
        for (listener, face) in [
            (graph, Face::Graph),
            (login, Face::Login),
            (admin, Face::Admin),
        ] {
            tasks.push(server::serve(listener, face, shared.clone()));
        }
        tasks.push(tokio::spawn(send::carry(shared.clone())));
        let [graph, login, admin] = urls;
        Ok(Self {
            graph,
            login,
            admin,
            shared,
            tasks,
        })
    }

    /// Graph's root, such as `http://127.0.0.1:9001/` (the API is under `/v1.0`).
    pub fn graph_url(&self) -> Url {
        self.graph.clone()
    }

    pub fn login_url(&self) -> Url {
        self.login.clone()
    }

    /// Journal, faults, deliveries, switches: over HTTP, so that any test client can use it.
    pub fn admin_url(&self) -> Url {
        self.admin.clone()
    }

    /// The certificate of the authority behind https (each port speaks both), as PEM.
    pub fn authority_pem(&self) -> &str {
        &self.shared.tls.authority
    }

    /// Sets the switches of a script and adds its faults. Its mailbox is for the caller to make.
    pub fn follow(&self, script: script::Script) {
        let mut world = self.shared.world();
        for (name, value) in script.switches {
            // Checked when the script was read.
            let _ = world.set_switch(&name, value);
        }
        world.faults.extend(script.faults);
    }

    /// Stops listening and waits for answers under way, two seconds at most.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        for task in std::mem::take(&mut self.tasks) {
            let abort = task.abort_handle();
            if tokio::time::timeout(GRACE, task).await.is_err() {
                abort.abort();
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

fn url(listener: &TcpListener) -> io::Result<Url> {
    let address = listener.local_addr()?;
    Url::parse(&format!("http://{address}/")).map_err(io::Error::other)
}
