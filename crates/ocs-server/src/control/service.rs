//! The control service: one function a command.

use ocs_protocol::control::control_server::Control;
use ocs_protocol::control::{
    ApplyReply, ApplyRequest, ExportBatch, ExportRequest, ImportMessage, ImportOutcome,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{apply, export, import};
use crate::core::Core;

/// The control service.
pub(super) struct ControlService {
    core: Core,
}

impl ControlService {
    pub(super) fn new(core: Core) -> Self {
        Self { core }
    }
}

#[tonic::async_trait]
impl Control for ControlService {
    async fn apply(&self, request: Request<ApplyRequest>) -> Result<Response<ApplyReply>, Status> {
        let reply = apply::apply(&self.core, request.into_inner()).await;
        Ok(Response::new(reply))
    }

    type ImportStream = ReceiverStream<Result<ImportOutcome, Status>>;

    async fn import(
        &self,
        request: Request<Streaming<ImportMessage>>,
    ) -> Result<Response<Self::ImportStream>, Status> {
        Ok(Response::new(import::import(
            self.core.clone(),
            request.into_inner(),
        )))
    }

    type ExportStream = ReceiverStream<Result<ExportBatch, Status>>;

    async fn export(
        &self,
        request: Request<ExportRequest>,
    ) -> Result<Response<Self::ExportStream>, Status> {
        Ok(Response::new(export::export(
            self.core.clone(),
            request.into_inner(),
        )))
    }
}
