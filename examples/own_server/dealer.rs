//! The dealer: registrations, running calls, and the handler of one connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wampwerk::message::{
    Abort, Call, CallResult, ClosingDetails, Goodbye, Hello, Invocation, InvocationDetails,
    Message, Payload, Register, Registered, RequestError, RequestErrorDetails, RequestType,
    ResultDetails, Roles, Unregister, Unregistered, Welcome, WelcomeDetails, Yield,
};
use wampwerk::server::{HandlerError, SendError, TransportHandler, WampTransport};
use wampwerk::uri::UriRule;
use wampwerk::{Dict, Match, Uri};

/// State that all connections share.
#[derive(Clone)]
pub(crate) struct Dealer {
    realm: Arc<Uri>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    last_session: u64,
    last_registration: u64,
    procedures: HashMap<Uri, Procedure>,
    /// By callee and invocation.
    calls: HashMap<(u64, u64), Caller>,
}

struct Procedure {
    registration: u64,
    session: u64,
    callee: WampTransport,
    /// How often this callee was asked; its requests are numbered.
    invocations: Arc<Mutex<u64>>,
}

struct Caller {
    session: u64,
    request: u64,
    transport: WampTransport,
}

/// One connection, and the session on it.
pub(crate) struct Handler {
    dealer: Dealer,
    transport: Option<WampTransport>,
    /// From WELCOME to GOODBYE.
    session: Option<u64>,
    invocations: Arc<Mutex<u64>>,
}

impl Dealer {
    pub(crate) fn new(realm: impl Into<Uri>) -> Self {
        Dealer { realm: Arc::new(realm.into()), state: Arc::default() }
    }

    pub(crate) fn handler(&self) -> Handler {
        let (dealer, invocations) = (self.clone(), Arc::default());
        Handler { dealer, transport: None, session: None, invocations }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a session; gives the callers who waited for it.
    fn remove(&self, session: u64) -> Vec<Caller> {
        let mut state = self.lock();
        state.procedures.retain(|_, procedure| procedure.session != session);
        state.calls.retain(|_, caller| caller.session != session);
        let left = state.calls.extract_if(|(callee, _), _| *callee == session);
        left.map(|(_, caller)| caller).collect()
    }
}

impl TransportHandler for Handler {
    async fn on_open(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
        self.transport = Some(transport);
        Ok(())
    }

    async fn on_message(&mut self, message: Message) -> Result<(), HandlerError> {
        let Some(transport) = self.transport.clone() else { return Ok(()) };
        match (self.session, message) {
            (None, Message::Hello(hello)) => self.join(hello, &transport).await?,
            (Some(_), Message::Goodbye(_)) => {
                self.leave().await;
                transport.send(goodbye(Uri::GOODBYE_AND_OUT)).await?;
            }
            (Some(session), Message::Register(register)) => {
                self.register(session, register, &transport).await?;
            }
            (Some(session), Message::Unregister(unregister)) => {
                self.unregister(session, unregister, &transport).await?;
            }
            (Some(session), Message::Call(call)) => self.call(session, call, &transport).await?,
            (Some(session), Message::Yield(result)) => self.give_back(session, result).await?,
            (Some(session), Message::Error(error)) => self.give_error(session, error).await?,
            // A client gives up.
            (None, Message::Abort(_)) => transport.close(),
            (_, other) => {
                let text = format!("{} is not for this server, or not now", other.name());
                return Err(HandlerError::violation(text));
            }
        }
        Ok(())
    }

    /// GOODBYE still leaves before the connection is closed.
    async fn on_shutdown(&mut self, transport: WampTransport) -> Result<(), HandlerError> {
        if self.session.is_some() {
            transport.send(goodbye(Uri::SYSTEM_SHUTDOWN)).await?;
        }
        transport.close();
        Ok(())
    }

    async fn on_close(&mut self, _was_clean: bool) {
        self.leave().await;
    }
}

impl Handler {
    async fn join(&mut self, hello: Hello, transport: &WampTransport) -> Result<(), SendError> {
        if hello.realm != *self.dealer.realm {
            let (details, reason) = (ClosingDetails::default(), Uri::NO_SUCH_REALM.into());
            return transport.send(Abort { details, reason, payload: Payload::empty() }).await;
        }
        let session = {
            let mut state = self.dealer.lock();
            state.last_session += 1;
            state.last_session
        };
        self.session = Some(session);
        let mut details = WelcomeDetails::default();
        details.roles = Some(Roles::new().with("dealer", &[]));
        details.agent = Some("own_server".to_owned());
        transport.send(Welcome { session, details }).await
    }

    async fn leave(&mut self) {
        let Some(session) = self.session.take() else { return };
        for caller in self.dealer.remove(session) {
            let text = "the callee has gone";
            // A caller that has gone, too, needs no answer.
            let _ = caller.transport.send(refusal(caller.request, Uri::CANCELED, text)).await;
        }
    }

    async fn register(
        &self,
        session: u64,
        register: Register,
        transport: &WampTransport,
    ) -> Result<(), SendError> {
        let Register { request, procedure, .. } = register;
        let registration = {
            let mut state = self.dealer.lock();
            if !procedure.check(UriRule::Loose, Match::Exact) {
                Err(Uri::INVALID_URI)
            } else if state.procedures.contains_key(&procedure) {
                Err(Uri::PROCEDURE_ALREADY_EXISTS)
            } else {
                state.last_registration += 1;
                let registration = state.last_registration;
                let (callee, invocations) = (transport.clone(), Arc::clone(&self.invocations));
                let entry = Procedure { registration, session, callee, invocations };
                state.procedures.insert(procedure, entry);
                Ok(registration)
            }
        };
        match registration {
            Ok(registration) => transport.send(Registered { request, registration }).await,
            Err(error) => transport.send(failure(RequestType::Register, request, error)).await,
        }
    }

    async fn unregister(
        &self,
        session: u64,
        unregister: Unregister,
        transport: &WampTransport,
    ) -> Result<(), SendError> {
        let Unregister { request, registration, .. } = unregister;
        let removed = {
            let mut state = self.dealer.lock();
            let before = state.procedures.len();
            state
                .procedures
                .retain(|_, it| (it.session, it.registration) != (session, registration));
            state.procedures.len() < before
        };
        if removed {
            return transport.send(Unregistered { request, details: None }).await;
        }
        let error = Uri::NO_SUCH_REGISTRATION;
        transport.send(failure(RequestType::Unregister, request, error)).await
    }

    async fn call(
        &self,
        session: u64,
        call: Call,
        transport: &WampTransport,
    ) -> Result<(), SendError> {
        let found = {
            let mut state = self.dealer.lock();
            let State { procedures, calls, .. } = &mut *state;
            procedures.get(&call.procedure).map(|procedure| {
                let mut last = procedure.invocations.lock().unwrap_or_else(PoisonError::into_inner);
                *last += 1;
                let (request, transport) = (call.request, transport.clone());
                calls.insert((procedure.session, *last), Caller { session, request, transport });
                let (request, registration) = (*last, procedure.registration);
                let details = InvocationDetails::default();
                let payload = call.payload.clone();
                let invocation = Invocation { request, registration, details, payload };
                (procedure.session, procedure.callee.clone(), invocation)
            })
        };
        let Some((callee, to, invocation)) = found else {
            let text = format!("procedure {} is not registered", call.procedure);
            return transport.send(refusal(call.request, Uri::NO_SUCH_PROCEDURE, &text)).await;
        };
        let key = (callee, invocation.request);
        // Waits for a slow callee, and whoever calls it waits with us.
        if let Err(error) = to.send(invocation).await
            && self.dealer.lock().calls.remove(&key).is_some()
        {
            let uri = match error {
                SendError::TooLarge { .. } => Uri::PAYLOAD_SIZE_EXCEEDED,
                SendError::Encode { .. } => Uri::INVALID_PAYLOAD,
                _ => Uri::CANCELED,
            };
            return transport.send(refusal(call.request, uri, &error.to_string())).await;
        }
        Ok(())
    }

    /// The callee's result, to the caller, if that is still there.
    async fn give_back(&self, session: u64, result: Yield) -> Result<(), SendError> {
        let caller = self.dealer.lock().calls.remove(&(session, result.request));
        let Some(Caller { request, transport, .. }) = caller else { return Ok(()) };
        let (details, payload) = (ResultDetails::default(), result.payload);
        if let Err(error) = transport.send(CallResult { request, details, payload }).await {
            let uri = Uri::PAYLOAD_SIZE_EXCEEDED;
            let _ = transport.send(refusal(request, uri, &error.to_string())).await;
        }
        Ok(())
    }

    async fn give_error(&self, session: u64, error: RequestError) -> Result<(), HandlerError> {
        if error.request_type != RequestType::Invocation {
            return Err(HandlerError::violation("ERROR of no INVOCATION"));
        }
        let caller = self.dealer.lock().calls.remove(&(session, error.request));
        if let Some(Caller { request, transport, .. }) = caller {
            let error = RequestError { request_type: RequestType::Call, request, ..error };
            // What it cannot take is its own matter.
            let _ = transport.send(error).await;
        }
        Ok(())
    }
}

fn goodbye(reason: &str) -> Goodbye {
    Goodbye { details: ClosingDetails::default(), reason: reason.into() }
}

fn failure(request_type: RequestType, request: u64, error: &str) -> RequestError {
    let (details, payload) = (RequestErrorDetails::default(), Payload::empty());
    RequestError { request_type, request, details, error: error.into(), payload }
}

/// The ERROR of a CALL.
fn refusal(request: u64, error: &str, text: &str) -> RequestError {
    let payload = Payload::from_values([text.into()].into_iter().collect(), Dict::new());
    RequestError { payload, ..failure(RequestType::Call, request, error) }
}
