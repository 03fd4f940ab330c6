//! The socket by which this OCS says what it is, primary or backup: its health check.

use ocs_config::Config;
use ocs_protocol::control::redundancy_server::{Redundancy, RedundancyServer};
use ocs_protocol::control::{StatusReply, StatusRequest, SwitchOverReply, SwitchOverRequest};
use tonic::{Request, Response, Status};

use super::{Board, socket_prefix, sockets};
use crate::control::socket::{self, Listening};
use crate::core::store_path;
use crate::grpc;
use crate::server::ServerError;

struct OfThisOcs(Board);

#[tonic::async_trait]
impl Redundancy for OfThisOcs {
    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusReply>, Status> {
        Ok(Response::new(self.0.status()))
    }

    async fn switch_over(
        &self,
        _: Request<SwitchOverRequest>,
    ) -> Result<Response<SwitchOverReply>, Status> {
        let problem = self.0.ask_to_hand_over().err().unwrap_or_default();
        Ok(Response::new(SwitchOverReply { problem }))
    }
}

/// Listens beside the store, by this process's id. What processes that are gone have left
/// there is removed.
pub(crate) fn listen(config: &Config, board: &Board) -> Result<Listening, ServerError> {
    let store = store_path(config)?;
    for (pid, path) in sockets(&store) {
        if pid != std::process::id() && socket::connect(&path).is_err() {
            // Where it cannot be removed, nobody answers by it.
            let _ = std::fs::remove_file(&path);
        }
    }
    let mut name = socket_prefix(&store);
    name.push(std::process::id().to_string());
    let board = board.clone();
    socket::listen_at(store.with_file_name(name), move |stream| {
        let service = RedundancyServer::new(OfThisOcs(board.clone()));
        tokio::spawn(grpc::serve_connection(stream, service));
    })
}
