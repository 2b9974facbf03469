//! `Registrations`: REGISTER, UNREGISTER, and the revocation of registrations (spec:
//! "Pattern-based", "Shared registration", "Revocation").

use crate::core::ids::SequentialIds;
use crate::core::router::ConnectionId;
use crate::core::router::checks::{check_own_uri, check_room, no_room};
use crate::core::router::config::Disclosure;
use crate::core::router::dealer::Dealer;
use crate::core::router::dealer::forward::{RequiredFeatures, disclosure_denied};
use crate::core::router::dealer::policy::{Callee, Callees, NoCallee};
use crate::core::router::held;
use crate::core::router::index::{Entry, Index};
use crate::core::router::meta_event::{Kind, MetaEvent};
use crate::core::router::names::{is_reserved, quote};
use crate::core::router::session::{Session, Sessions, Slot};
use crate::core::router::turn::{Failure, Turn};
use crate::core::router::wildcards::Shape;
use crate::error::ApplicationError;
use crate::message::{
    InvocationPolicy, Register, Registered, RevocationDetails, Unregister, Unregistered,
};
use crate::uri::{Match, Uri};

#[derive(Debug, Default)]
pub(in crate::core::router) struct Registrations {
    index: Index<Callees>,
    joinings: SequentialIds,
}

/// Destination of a call.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) registration: u64,
    /// True if the callee must be told the called procedure.
    pub(super) pattern: bool,
    pub(super) connection: ConnectionId,
    pub(super) callee: Callee,
}

impl Dealer {
    pub(in crate::core::router) fn register(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        sessions: &mut Sessions,
        message: Register,
    ) -> Result<(), Failure> {
        let options = &message.options;
        let policy = options.r#match.unwrap_or_default();
        check_own_uri(turn, &message.procedure, policy)?;
        if options.concurrency == Some(0) {
            let error = ApplicationError::new(Uri::INVALID_ARGUMENT);
            return Err(error.arg("REGISTER.Options.concurrency must be at least 1").into());
        }
        if options.disclose_caller == Some(true) && turn.config.disclosure == Disclosure::Never {
            return Err(disclosure_denied("REGISTER.Options.disclose_caller").into());
        }
        let Some(session) = sessions.get(&from) else { return Ok(()) };
        let procedure = &message.procedure;
        check_room(turn, &session.registrations, procedure, policy, Kind::Registration)?;
        if policy == Match::Wildcard && !self.registrations.index.has_room(procedure) {
            return Err(no_room("registrations").into());
        }
        let invoke = options.invoke.unwrap_or_default();
        let force = options.force_reregister == Some(true);
        let callee = Callee {
            session: session.identity.session,
            joining: self.registrations.joinings.next(),
            features: session.features,
            concurrency: options.concurrency,
            running: 0,
            disclose_caller: options.disclose_caller == Some(true),
            forward_timeout: options.forward_timeout == Some(true),
            yielding: force,
        };
        turn.held.check(turn.config, held::MEMBERSHIP + held::entry(procedure))?;
        let find = |index: &Index<Callees>| index.find(procedure, policy).map(|known| known.id);
        if let Some(id) = find(&self.registrations.index) {
            // Those that have left do not stand in the way.
            self.registrations.clear(turn, sessions, id);
        }
        let known = self.registrations.index.find(procedure, policy);
        if let Some((id, callees)) = known.map(|known| (known.id, &known.members)) {
            check_joining(&message.procedure, callees, from, invoke, force)?;
            if force {
                self.registrations.take_over(turn, sessions, id);
            }
        }
        let registrations = &mut self.registrations.index;
        let now = turn.now;
        let shape = (policy == Match::Wildcard).then(|| Shape::of(&message.procedure));
        let (entry, created) =
            registrations.entry(message.procedure, policy, || Callees::new(invoke, now));
        entry.members.members.insert(from, callee);
        let id = entry.id;
        turn.held.add(held::MEMBERSHIP);
        if created {
            turn.held.add(held::entry(&entry.uri));
        }
        if let Some(session) = sessions.get_mut(&from) {
            session.registrations.insert(id, shape);
        }
        turn.outputs.send(from, Registered { request: message.request, registration: id });
        let (of, session) = (Kind::Registration, callee.session);
        if created {
            turn.meta_events.push(MetaEvent::Created { of, session, id });
        }
        turn.meta_events.push(MetaEvent::Entered { of, session, id });
        Ok(())
    }

    pub(in crate::core::router) fn unregister(
        &mut self,
        turn: &mut Turn<'_>,
        from: ConnectionId,
        session: &mut Session,
        message: &Unregister,
    ) -> Result<(), Failure> {
        if !session.registrations.remove(message.registration) {
            return Err(ApplicationError::new(Uri::NO_SUCH_REGISTRATION)
                .arg(format!("this session has no registration {}", message.registration))
                .into());
        }
        turn.outputs.send(from, Unregistered { request: message.request, details: None });
        let id = session.identity.session;
        self.registrations.leave(turn, message.registration, from, id);
        Ok(())
    }
}

impl Registrations {
    pub(in crate::core::router) fn index(&self) -> &Index<Callees> {
        &self.index
    }

    /// The registration that a call of `uri` goes to. Patterns do not match the protocol's own
    /// names.
    pub(in crate::core::router) fn best(&self, uri: &str) -> Option<&Entry<Callees>> {
        let entry = self.index.best(uri)?;
        (entry.policy == Match::Exact || !is_reserved(uri)).then_some(entry)
    }

    /// Takes a registration away from a callee, and tells it if it announced revocation. Returns
    /// false if the callee does not have it.
    pub(in crate::core::router) fn revoke(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &mut Sessions,
        registration: u64,
        callee: ConnectionId,
        reason: &str,
    ) -> bool {
        let Some(session) = sessions.get_mut(&callee) else { return false };
        if !session.registrations.remove(registration) {
            return false;
        }
        if session.features.callee_revocation {
            let mut details = RevocationDetails::default();
            details.registration = Some(registration);
            details.reason = Some(reason.to_owned());
            turn.outputs.send(callee, Unregistered { request: 0, details: Some(details) });
        }
        let session = session.identity.session;
        self.leave(turn, registration, callee, session);
        true
    }

    /// Takes a session that has left out of a registration. Returns the additional work that it took.
    pub(in crate::core::router) fn depart(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &Sessions,
        id: u64,
        connection: ConnectionId,
        session: u64,
    ) -> usize {
        let Some(entry) = self.index.get(id) else { return 0 };
        let work = entry.members.members.len() / 64;
        if sessions.leaving() > 1 {
            self.clear(turn, sessions, id);
        } else {
            self.leave(turn, id, connection, session);
        }
        work
    }

    /// Takes all sessions that have left out of a registration. One pass is enough for all of them,
    /// whereas removing one by one moves all later ones each time.
    fn clear(&mut self, turn: &mut Turn<'_>, sessions: &Sessions, id: u64) {
        let Some(entry) = self.index.get_mut(id).filter(|_| sessions.leaving() > 0) else { return };
        let gone = entry.members.members.iter().filter(|(callee, _)| sessions.is_leaving(**callee));
        let gone: Vec<_> = gone.map(|(connection, callee)| (*connection, callee.session)).collect();
        entry.members.remove_all(|connection| sessions.is_leaving(connection));
        turn.held.sub(held::MEMBERSHIP * gone.len());
        let last = gone.len().checked_sub(1).filter(|_| entry.members.members.is_empty());
        if last.is_some() {
            turn.held.sub(held::entry(&entry.uri));
            self.index.remove(id);
        }
        let of = Kind::Registration;
        for (index, (connection, session)) in gone.into_iter().enumerate() {
            if !sessions.leaves_quietly(connection) {
                turn.meta_events.push(MetaEvent::Left { of, session, id });
                let deleted =
                    (Some(index) == last).then_some(MetaEvent::Deleted { of, session, id });
                turn.meta_events.extend(deleted);
            }
        }
    }

    /// Removes a callee from a registration. The registration ends with the last callee.
    pub(super) fn leave(
        &mut self,
        turn: &mut Turn<'_>,
        id: u64,
        connection: ConnectionId,
        session: u64,
    ) {
        let Some(entry) = self.index.get_mut(id) else { return };
        // It may have been cleared before.
        if entry.members.remove(connection).is_none() {
            return;
        }
        turn.held.sub(held::MEMBERSHIP);
        let of = Kind::Registration;
        turn.meta_events.push(MetaEvent::Left { of, session, id });
        if entry.members.members.is_empty() {
            turn.held.sub(held::entry(&entry.uri));
            self.index.remove(id);
            turn.meta_events.push(MetaEvent::Deleted { of, session, id });
        }
    }

    /// Chooses the callee of a call.
    pub(super) fn choose(
        &mut self,
        turn: &mut Turn<'_>,
        sessions: &Sessions,
        procedure: &Uri,
        needs: RequiredFeatures,
    ) -> Result<Target, ApplicationError> {
        if sessions.leaving() > 0 {
            self.clear_matching(turn, sessions, procedure);
        }
        let Some(entry) = self.best(procedure) else {
            return Err(ApplicationError::new(Uri::NO_SUCH_PROCEDURE)
                .arg(format!("no callee has registered {}", quote(procedure))));
        };
        let (registration, pattern) = (entry.id, entry.policy != Match::Exact);
        if let Some((connection, callee)) = entry.members.only()
            && needs.are_met_by(callee.features)
        {
            return Ok(Target { registration, pattern, connection, callee });
        }
        turn.outputs.worked(entry.members.members.len() / 64 + self.index.steps(procedure));
        let chosen = match self.index.get_mut(registration) {
            Some(entry) => entry.members.choose(turn.ids, needs),
            None => Err(NoCallee::Incapable),
        };
        match chosen {
            Ok((connection, callee)) => Ok(Target { registration, pattern, connection, callee }),
            Err(NoCallee::Busy) => Err(ApplicationError::new(Uri::MAX_CONCURRENCY_REACHED).arg(
                format!("all callees of {} have reached their concurrency limit", quote(procedure)),
            )),
            Err(NoCallee::Incapable) => Err(ApplicationError::new(Uri::FEATURE_NOT_SUPPORTED)
                .arg(format!("no callee of {} supports {needs}", quote(procedure)))),
        }
    }

    /// Takes the sessions that have left out of the registration that a call goes to. If nothing is left
    /// of it, the call goes to another one.
    fn clear_matching(&mut self, turn: &mut Turn<'_>, sessions: &Sessions, procedure: &Uri) {
        while let Some(id) = self.best(procedure).map(|entry| entry.id) {
            self.clear(turn, sessions, id);
            if self.index.get(id).is_some() {
                return;
            }
        }
    }

    /// Counts the end of a call of a limited callee.
    pub(super) fn finished(&mut self, slot: Slot, callee: ConnectionId) {
        if let Some(entry) = self.index.get_mut(slot.registration) {
            entry.members.finished(callee, slot.joining);
        }
    }

    fn take_over(&mut self, turn: &mut Turn<'_>, sessions: &mut Sessions, id: u64) {
        let Some(entry) = self.index.get(id) else { return };
        // The last one first: the others stay where they are.
        let all: Vec<_> = entry.members.members.keys().rev().copied().collect();
        for callee in all {
            self.revoke(turn, sessions, id, callee, Uri::UNREGISTERED);
        }
    }
}

/// Checks that a callee may join the callees of `procedure`, or may take the registration over.
///
/// A registration can be taken over only from callees that have set `force_reregister` themselves,
/// as Autobahn documents it. Crossbar removes any callee (crossbar#2016), so that any session can
/// take any other's procedure.
fn check_joining(
    procedure: &Uri,
    callees: &Callees,
    from: ConnectionId,
    invoke: InvocationPolicy,
    force: bool,
) -> Result<(), ApplicationError> {
    let procedure = quote(procedure);
    let exists = ApplicationError::new(Uri::PROCEDURE_ALREADY_EXISTS);
    if force {
        if callees.members.values().all(|callee| callee.yielding) {
            return Ok(());
        }
        let why = "by a callee that did not set force_reregister itself";
        return Err(exists.arg(format!("{procedure} is registered {why}")));
    }
    if callees.invoke == InvocationPolicy::Single || callees.members.contains_key(&from) {
        return Err(exists.arg(format!("{procedure} is already registered")));
    }
    if callees.invoke != invoke {
        let [theirs, ours] = [callees.invoke.as_str(), invoke.as_str()];
        let text = format!("{procedure} is registered with invoke {theirs:?}, not {ours:?}");
        return Err(
            ApplicationError::new(Uri::PROCEDURE_EXISTS_WITH_DIFFERENT_INVOCATION_POLICY).arg(text)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

    use std::time::Duration;

    use super::*;
    use crate::core::router::meta_event::MetaEvent::{Created, Deleted, Entered, Left};
    use crate::core::router::{CloseCause, Output, RouterConfig, RouterCore};
    use crate::message::{Hello, HelloDetails, Message, RegisterOptions, Roles};

    const OF: Kind = Kind::Registration;

    /// A router with two sessions that announce revocation.
    struct World {
        router: RouterCore,
        connections: [ConnectionId; 2],
        /// Their ids.
        sessions: [u64; 2],
    }

    impl World {
        fn new() -> Self {
            let mut router = RouterCore::new(RouterConfig::new(7).realm("realm1"));
            let mut join = || {
                let id = router.connect(Duration::ZERO);
                let mut details = HelloDetails::default();
                details.roles = Some(Roles::new().with("callee", &["registration_revocation"]));
                let hello = Hello { realm: "realm1".into(), details };
                router.handle_message(Duration::ZERO, id, hello.into());
                match router.poll_output() {
                    Some(Output::Send { message: Message::Welcome(it), .. }) => (id, it.session),
                    other => panic!("{other:?}"),
                }
            };
            let [(a, x), (b, y)] = [join(), join()];
            World { router, connections: [a, b], sessions: [x, y] }
        }

        /// Runs one step; returns what happened in it, and what was sent.
        fn step(
            &mut self,
            step: impl FnOnce(&mut Dealer, &mut Turn<'_>, &mut Sessions),
        ) -> (Vec<MetaEvent>, Vec<Message>) {
            let happened = self.router.turn(Duration::from_secs(3), 0, |realm, turn| {
                step(&mut realm.dealer, turn, &mut realm.sessions);
                std::mem::take(&mut turn.meta_events)
            });
            let mut sent = Vec::new();
            while let Some(output) = self.router.poll_output() {
                match output {
                    Output::Send { message, .. } => sent.push(message),
                    Output::Close { cause: CloseCause::Violation, .. } => {}
                    other => panic!("{other:?}"),
                }
            }
            (happened, sent)
        }

        fn register(
            &mut self,
            who: usize,
            set: impl FnOnce(&mut RegisterOptions),
        ) -> Vec<MetaEvent> {
            let from = self.connections[who];
            let mut options = RegisterOptions::default();
            set(&mut options);
            let message = Register { request: 1, options, procedure: "a".into() };
            let register = |dealer: &mut Dealer, turn: &mut Turn<'_>, sessions: &mut Sessions| {
                assert!(dealer.register(turn, from, sessions, message).is_ok());
            };
            self.step(register).0
        }
    }

    fn roundrobin(options: &mut RegisterOptions) {
        options.invoke = Some(InvocationPolicy::RoundRobin);
    }

    fn forced(options: &mut RegisterOptions) {
        options.force_reregister = Some(true);
    }

    #[test]
    fn coming_and_going_is_told_in_order() {
        let mut world = World::new();
        let [x, y] = world.sessions;
        assert_eq!(
            world.register(0, roundrobin),
            [Created { of: OF, session: x, id: 1 }, Entered { of: OF, session: x, id: 1 }]
        );
        assert_eq!(world.register(1, roundrobin), [Entered { of: OF, session: y, id: 1 }]);
        let [a, b] = world.connections;
        let (happened, _) = world.step(|dealer, turn, sessions| {
            let message = Unregister { request: 2, registration: 1, options: None };
            let session = sessions.get_mut(&a).unwrap();
            assert!(dealer.unregister(turn, a, session, &message).is_ok());
        });
        assert_eq!(happened, [Left { of: OF, session: x, id: 1 }]);
        // As when a session is lost.
        let (happened, _) = world.step(|dealer, turn, sessions| {
            sessions.leave(b, false).unwrap();
            dealer.registrations.depart(turn, sessions, 1, b, y);
        });
        assert_eq!(
            happened,
            [Left { of: OF, session: y, id: 1 }, Deleted { of: OF, session: y, id: 1 }]
        );
    }

    #[test]
    fn taking_over_ends_the_old_registration_first() {
        let mut world = World::new();
        let [x, y] = world.sessions;
        world.register(0, forced);
        assert_eq!(
            world.register(1, forced),
            [
                Left { of: OF, session: x, id: 1 },
                Deleted { of: OF, session: x, id: 1 },
                Created { of: OF, session: y, id: 2 },
                Entered { of: OF, session: y, id: 2 },
            ]
        );
    }

    #[test]
    fn the_router_can_take_a_registration_away() {
        let mut world = World::new();
        world.register(0, |_| ());
        let [a, b] = world.connections;
        for (callee, taken) in [(b, false), (a, true), (a, false)] {
            let (happened, sent) = world.step(|dealer, turn, sessions| {
                let registrations = &mut dealer.registrations;
                let reason = "com.example.enough";
                assert_eq!(registrations.revoke(turn, sessions, 1, callee, reason), taken);
            });
            assert_eq!((happened.len(), sent.len()), if taken { (2, 1) } else { (0, 0) });
            for message in sent {
                let Message::Unregistered(message) = message else { panic!() };
                let details = message.details.unwrap();
                assert_eq!((message.request, details.registration), (0, Some(1)));
                assert_eq!(details.reason.as_deref(), Some("com.example.enough"));
            }
        }
        assert_eq!(world.router.statistics().registrations, 0);
    }

    #[test]
    fn what_the_meta_api_asks_for() {
        let mut world = World::new();
        world.register(0, roundrobin);
        world.register(1, roundrobin);
        let sessions = world.sessions;
        world.step(|dealer, _, _| {
            let entry = dealer.registrations.index().find("a", Match::Exact).unwrap();
            assert_eq!((entry.id, &*entry.uri, entry.policy), (1, "a", Match::Exact));
            let callees = &entry.members;
            assert_eq!(callees.created, Duration::from_secs(3));
            assert_eq!(callees.invoke, InvocationPolicy::RoundRobin);
            assert!(callees.sessions().eq(sessions));
            assert_eq!(dealer.registrations.best("a").map(|entry| entry.id), Some(1));
            assert!(dealer.registrations.best("b").is_none());
        });
    }
}
