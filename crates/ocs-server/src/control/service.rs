//! The control service: one function a command.

use ocs_protocol::control::control_server::Control;
use ocs_protocol::control::{
    ApplyReply, ApplyRequest, AuditBatch, AuditRequest, ConsentImport, DoNotCallImport, EraseReply,
    EraseRequest, ExplainReply, ExplainRequest, ExportBatch, ExportConsentRequest,
    ExportDoNotCallRequest, ExportRequest, ImportMessage, ImportOutcome, OutboxReply,
    OutboxRequest, RemoveDoNotCallReply, RemoveDoNotCallRequest, RequestsBatch, RequestsRequest,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::{apply, audit, consent, do_not_call, erase, explain, export, import, outbox, requests};
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

    type ImportDoNotCallStream = ReceiverStream<Result<ImportOutcome, Status>>;

    async fn import_do_not_call(
        &self,
        request: Request<Streaming<DoNotCallImport>>,
    ) -> Result<Response<Self::ImportDoNotCallStream>, Status> {
        Ok(Response::new(do_not_call::import(
            self.core.clone(),
            request.into_inner(),
        )))
    }

    type ExportDoNotCallStream = ReceiverStream<Result<ExportBatch, Status>>;

    async fn export_do_not_call(
        &self,
        _: Request<ExportDoNotCallRequest>,
    ) -> Result<Response<Self::ExportDoNotCallStream>, Status> {
        Ok(Response::new(do_not_call::export(self.core.clone())))
    }

    async fn remove_do_not_call(
        &self,
        request: Request<RemoveDoNotCallRequest>,
    ) -> Result<Response<RemoveDoNotCallReply>, Status> {
        let reply = do_not_call::remove(&self.core, request.into_inner()).await;
        Ok(Response::new(reply))
    }

    type ImportConsentStream = ReceiverStream<Result<ImportOutcome, Status>>;

    async fn import_consent(
        &self,
        request: Request<Streaming<ConsentImport>>,
    ) -> Result<Response<Self::ImportConsentStream>, Status> {
        Ok(Response::new(consent::import(
            self.core.clone(),
            request.into_inner(),
        )))
    }

    type ExportConsentStream = ReceiverStream<Result<ExportBatch, Status>>;

    async fn export_consent(
        &self,
        _: Request<ExportConsentRequest>,
    ) -> Result<Response<Self::ExportConsentStream>, Status> {
        Ok(Response::new(consent::export(self.core.clone())))
    }

    type AuditStream = ReceiverStream<Result<AuditBatch, Status>>;

    async fn audit(&self, _: Request<AuditRequest>) -> Result<Response<Self::AuditStream>, Status> {
        Ok(Response::new(audit::audit(self.core.clone())))
    }

    async fn explain(
        &self,
        request: Request<ExplainRequest>,
    ) -> Result<Response<ExplainReply>, Status> {
        let reply = explain::explain(&self.core, request.into_inner()).await;
        Ok(Response::new(reply))
    }

    async fn erase(&self, request: Request<EraseRequest>) -> Result<Response<EraseReply>, Status> {
        let reply = erase::erase(&self.core, request.into_inner()).await;
        Ok(Response::new(reply))
    }

    async fn outbox(&self, _: Request<OutboxRequest>) -> Result<Response<OutboxReply>, Status> {
        Ok(Response::new(outbox::outbox(&self.core)))
    }

    type RequestsStream = ReceiverStream<Result<RequestsBatch, Status>>;

    async fn requests(
        &self,
        request: Request<RequestsRequest>,
    ) -> Result<Response<Self::RequestsStream>, Status> {
        Ok(Response::new(requests::requests(
            self.core.clone(),
            request.into_inner(),
        )))
    }
}
