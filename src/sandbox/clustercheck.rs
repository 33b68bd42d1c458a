//! The HTTP health agent that many sites run beside each node: 200 while the node is Synced, 503 otherwise.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::error::{Doing, Error};
use super::node::Node;

/// Agents for all nodes of a sandbox, answering on [`Node::check_port`] until the value is dropped.
#[derive(Debug)]
pub struct ClusterCheck {
    end: Arc<AtomicBool>,
    agents: Vec<JoinHandle<()>>,
}

impl ClusterCheck {
    /// Starts an agent for each node.
    ///
    /// # Errors
    /// A port is taken.
    pub fn start(nodes: &[Node]) -> Result<Self, Error> {
        let end = Arc::new(AtomicBool::new(false));
        let mut agents = Vec::new();
        for node in nodes {
            let doing = || format!("Cannot listen on port {} for {}", node.check_port(), node.name());
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, node.check_port())).doing(doing)?;
            listener.set_nonblocking(true).doing(doing)?;
            let (node, end) = (node.clone(), Arc::clone(&end));
            agents.push(std::thread::spawn(move || serve(&node, &listener, &end)));
        }
        Ok(Self { end, agents })
    }
}

impl Drop for ClusterCheck {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        for agent in self.agents.drain(..) {
            let _ = agent.join();
        }
    }
}

fn serve(node: &Node, listener: &TcpListener, end: &AtomicBool) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    while !end.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => {
                let state = runtime.block_on(async {
                    tokio::time::timeout(Duration::from_secs(1), node.status("wsrep_local_state_comment")).await
                });
                let state = state.ok().and_then(Result::ok).flatten();
                let _ = answer(stream, state.as_deref().unwrap_or("not reachable"));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn answer(mut stream: TcpStream, state: &str) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    // HAProxy sends a short request at once; its content does not matter.
    let _ = stream.read(&mut [0; 1024])?;
    let status = if state == "Synced" { "200 OK" } else { "503 Service Unavailable" };
    write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{state}", state.len())
}
